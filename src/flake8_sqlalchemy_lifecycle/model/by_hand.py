"""Generators that lend a session or connection, and are run by hand: nobody runs what stands below their `yield`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from . import attributes, calls, invocation
from .closing import is_given_back
from .holding import CLOSES
from .inference import Model
from .knowledge import Kind
from .scopes import Block
from .sessions import Opened
from .values import Frame, Generator, Instance, Made, Values, in_order

_STEPS = ("next", "anext")
_METHODS = ("__next__", "__anext__")
_RESOURCES = (Kind.SESSION, Kind.CONNECTION)


class Left(Enum):
    """How the code that runs a generator leaves it alone."""

    STEPPED = 1
    """`next(get_db())`: it takes the first value, and no more."""
    EARLY = 2
    """An `async for` that `break` or `return` ends."""
    RAISED = 3
    """An `async for` that waits at a `yield`: what is raised there ends it."""


@dataclass(frozen=True, slots=True)
class Lent:
    """What a generator lends to code that runs it by the `call`, and how it is left."""

    call: ast.Call
    generator: Block
    left: Left


def lent_by_hand(model: Model, block: Block) -> Iterator[Lent]:
    """The sessions and connections that a block takes out of generators which it does not close."""
    frame = model.frame(block)
    for node in block.nodes:
        match node:
            case ast.Call(func=ast.Name(id=name), args=[given, *_]) if name in _STEPS:
                yield from _stepped(model, frame, node, given)
            case ast.Call(func=ast.Attribute(attr=name, value=given)) if name in _METHODS:
                yield from _stepped(model, frame, node, given)
            case ast.AsyncFor(iter=ast.Call() | ast.Name() as given):
                call = _call_behind(block, given)
                left = _left(block, node)
                if call is not None and left is not None:
                    yield from _lent(model, frame, call, model.values(call, frame), left)


def _call_behind(block: Block, given: ast.expr) -> ast.Call | None:
    """What a loop goes over: a call, or a local that holds what one gave, for this loop alone."""
    if isinstance(given, ast.Name):
        if not _is_only_stepped(block, given.id):
            return None
        given = block.bindings[given.id][0].node.value  # type: ignore[attr-defined]
    return given if isinstance(given, ast.Call) else None


def _stepped(model: Model, frame: Frame, call: ast.Call, given: ast.expr) -> Iterator[Lent]:
    """`next(get_db())`; of a generator with a name only where nothing else is done with it."""
    if isinstance(given, ast.Name):
        if not _is_only_stepped(frame.block, given.id):
            return
    elif not isinstance(given, ast.Call):
        return
    if isinstance(call.func, ast.Name):
        names = set(calls.names_of(model, model.values(call.func, frame)))
        if names != {f"builtins.{call.func.id}"}:
            return
    name = calls.spelled(call) or ""
    found = [
        value
        for value in model.values(given, frame)
        if isinstance(value, Generator)
        and isinstance(value.frame.block.node, ast.AsyncFunctionDef) is ("anext" in name)
    ]  # the others raise
    yield from _lent(model, frame, call, frozenset(found), Left.STEPPED)


def _lent(
    model: Model, frame: Frame, call: ast.Call, generators: Values, left: Left
) -> Iterator[Lent]:
    for value in in_order(generators):
        if not isinstance(value, Generator):
            continue
        for lent in in_order(invocation.yielded(model, value.frame)):
            if not isinstance(lent, Made | Instance) or not _is_resource(model, lent):
                continue
            if not is_given_back(model, Opened(call, lent, frame)) or _is_kept_open(frame, call):
                yield Lent(call, value.frame.block, left)
                return


def _is_kept_open(frame: Frame, call: ast.Call) -> bool:
    """`self.session = next(get_db())`, in a class that closes nothing."""
    block = frame.block
    cls = block.method_of
    outer = block.parents.get(call)
    if isinstance(outer, ast.Await):
        outer = block.parents.get(outer)
    match outer:
        case ast.Assign(targets=[ast.Attribute(value=ast.Name(id=owner), attr=name)]):
            pass
        case ast.AnnAssign(target=ast.Attribute(value=ast.Name(id=owner), attr=name)):
            pass
        case _:
            return False
    if cls is None or owner != next(iter(block.parameters), None):
        return False
    closers = CLOSES | {"closing", "aclosing"}
    if any(not closers.isdisjoint(inner.words) for inner in cls.inner.values()):
        return False
    return not block.module.may_say(*(f".{name}.{method}" for method in CLOSES))


def _is_resource(model: Model, value: Made | Instance) -> bool:
    """Is it a session or connection, and no registry's?"""
    if attributes.kind_of(model, value) not in _RESOURCES:
        return False
    origin = value.origin if isinstance(value, Made) else None
    return origin is None or attributes.kind_of(model, origin) is not Kind.REGISTRY


def _is_only_stepped(block: Block, name: str) -> bool:
    """Is a generator kept in a local name, with which nothing is done but `next(name)`, or one loop?"""
    bindings = block.bindings.get(name, ())
    if not block.is_function or name in block.outer_names or len(bindings) != 1:
        return False
    if not isinstance(bindings[0].node, ast.Assign | ast.AnnAssign):
        return False
    if any(name in inner.words for inner in block.inner.values()):
        return False
    uses = [
        block.parents.get(node)
        for node in block.nodes
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
    ]
    return len(uses) == 1 and isinstance(uses[0], ast.Call | ast.Attribute | ast.AsyncFor)


def _left(block: Block, loop: ast.AsyncFor) -> Left | None:
    """How the loop's body leaves it before its end, if it does."""
    found = None
    for statement in loop.body:
        for node in ast.walk(statement):
            if node not in block.parents:
                continue  # another function's
            if isinstance(node, ast.Return):
                return Left.EARLY
            if isinstance(node, ast.Break) and _loop_of(block, node) is loop:
                return Left.EARLY
            if isinstance(node, ast.Yield):
                found = Left.RAISED
    return found


def _loop_of(block: Block, node: ast.AST) -> ast.AST | None:
    """The loop that a `break` ends."""
    for ancestor in block.ancestors(node):
        if isinstance(ancestor, ast.For | ast.AsyncFor | ast.While):
            if node not in ancestor.orelse:
                return ancestor
        node = ancestor
    return None
