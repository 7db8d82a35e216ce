"""Engines that a forked child inherited and disposes, and whether its parent may have connected them."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import attributes, calls
from .before_forks import is_made_before
from .child_hooks import child_hooks
from .disposal import is_same
from .engines import engines_behind, has_no_pool, is_in_memory, root
from .flow import position
from .forks import Child, Nodes, forks
from .inheritance import is_own, run_by
from .knowledge import IO_METHODS, Kind
from .scopes import Block
from .spelling import argument_of
from .values import Bound, Constant, Frame, Func, Made, Value

if TYPE_CHECKING:
    from .inference import Model

_USES = IO_METHODS[Kind.SESSION] | IO_METHODS[Kind.CONNECTION] | {"connect", "raw_connection"}
_HOLDERS = (Kind.MAKER, Kind.SESSION, Kind.REGISTRY, Kind.ENGINE)


@dataclass(frozen=True, slots=True)
class Disposal:
    """A disposal in a child: the engine, its expression, where, and the node of the linted file that leads there."""

    engine: Made
    owner: ast.expr
    block: Block
    place: ast.AST


def child_disposals(model: Model) -> Iterator[Disposal]:
    """The disposals that close connections which the parent may hold."""
    for hook in child_hooks(model, model.linted):
        match hook.given:
            case ast.Attribute(attr="dispose", value=owner):
                frame = model.frame(hook.block)
                for engine in _inherited(model, owner, frame, set(), None):
                    if not attributes.is_async(model, engine) and is_made_before(model, engine):
                        yield Disposal(engine, owner, hook.block, hook.given)
        for found in _closed(model, hook.children, hook.node):
            if is_made_before(model, found.engine):
                yield found
    for fork in forks(model):
        if any("dispose" in frame.block.words for c in fork.children for frame in run_by(model, c)):
            for found in _closed(model, fork.children, fork.call):
                if may_connect(model, found.engine, fork.children):
                    yield found


def _closed(model: Model, children: Collection[Child], start: ast.AST) -> Iterator[Disposal]:
    """The disposals in children that forget none of the engine's inherited connections anywhere."""
    own = own_blocks(model, children)
    found = [
        (keeps, Disposal(engine, owner, frame.block, _place(model, call, frame, start)))
        for child in children
        for frame, nodes in activations(model, child)
        for call, owner, keeps in _calls(model, frame, nodes)
        for engine in _inherited(model, owner, frame, own, nodes)
        if _runs(model, call, owner, engine, frame.block)
    ]
    forgotten = [disposal.engine for keeps, disposal in found if keeps is not True]
    for keeps, disposal in found:
        if keeps and not any(is_same(disposal.engine, engine) for engine in forgotten):
            yield disposal


def activations(model: Model, child: Child) -> Iterator[tuple[Frame, Nodes | None]]:
    """What a child runs, and of a function that forks by itself the nodes that are the child's."""
    for frame in run_by(model, child):
        yield frame, child.nodes if frame is child.frame else None


def own_blocks(model: Model, children: Collection[Child]) -> set[Block]:
    """The functions that run in children as a whole."""
    return {
        frame.block
        for child in children
        for frame, nodes in activations(model, child)
        if nodes is None
    }


def _calls(
    model: Model, frame: Frame, nodes: Nodes | None
) -> Iterator[tuple[ast.Call, ast.expr, bool | None]]:
    """The calls of `dispose`, the expression that is disposed, and whether its connections are closed, if known."""
    for call in frame.block.calls:
        match call.func:
            case ast.Attribute(attr="dispose", value=owner) if nodes is None or call in nodes:
                yield call, owner, _closes(model, call, frame)


def _closes(model: Model, call: ast.Call, frame: Frame) -> bool | None:
    given = argument_of(call, "close", 0)
    if given is None:
        return None if call.args or call.keywords else True
    values = model.values(given, frame)
    return True if values == {Constant(True)} else False if values == {Constant(False)} else None


def _inherited(
    model: Model, owner: ast.expr, frame: Frame, own: set[Block], nodes: Nodes | None
) -> list[Made]:
    """The pooled engines that an expression means, if the parent made all of them."""
    if isinstance(owner, ast.Attribute) and owner.attr == "sync_engine":
        owner = owner.value
    values = model.values(owner, frame) - {Constant(None)}
    engines = [v for v in values if isinstance(v, Made)]
    is_known = len(engines) == len(values) and all(
        attributes.kind_of(model, e) is Kind.ENGINE
        and e.call is not None
        and not is_own(model, e, own, nodes)
        and not has_no_pool(model, e)
        and not is_in_memory(model, e)
        for e in (root(engine) for engine in engines)
    )
    return sorted(engines, key=lambda e: e.site) if is_known else []


def _runs(model: Model, call: ast.Call, owner: ast.expr, engine: Made, block: Block) -> bool:
    """Is the disposal of an async engine awaited, or run by a loop? If not, nothing is disposed."""
    if not attributes.is_async(model, engine) or getattr(owner, "attr", "") == "sync_engine":
        return True
    around = block.parents.get(call)
    if isinstance(around, ast.Call):
        return calls.spelled(around) in ("run", "run_until_complete")
    return isinstance(around, ast.Await)


def _place(model: Model, call: ast.AST, frame: Frame, start: ast.AST) -> ast.AST:
    """The node of the linted file that leads to a call."""
    while frame.block.module.path != model.linted.path:
        if frame.caller is None or frame.call is None:
            return start
        call, frame = frame.call, frame.caller
    return call


# the parent


def may_connect(model: Model, engine: Made, children: Collection[Child]) -> bool:
    """Does any code at hand use the engine that does not run in these children alone?"""
    own = own_blocks(model, children)
    nodes = {node for child in children for node in child.nodes or ()}
    names = {block.name for block in own}
    for path in model.project.closure(model.linted.path):
        module = model.project.module(path)
        for call, block in module.calls() if module is not None else ():
            if block in own or call in nodes:
                continue
            frame = model.frame(block)
            if uses(model, call, frame, engine):
                return True
            if calls.spelled(call) in names:
                for function in model.values(call.func, frame):
                    if isinstance(function, Func) and function.block in own:
                        child = Child(calls.entry(model, function))
                        if _connects(model, child, engine):
                            return True
    return False


def _connects(model: Model, child: Child, engine: Made) -> bool:
    return any(
        uses(model, call, frame, engine)
        for frame in run_by(model, child)
        for call in frame.block.calls
    )


def uses_in(model: Model, child: Child, engine: Made) -> Iterator[ast.Call]:
    """The calls of a child that use the engine, in the order of the text."""
    for frame, nodes in activations(model, child):
        for call in sorted(frame.block.calls, key=position):
            if (nodes is None or call in nodes) and uses(model, call, frame, engine):
                yield call


def uses(model: Model, call: ast.Call, frame: Frame, engine: Made) -> bool:
    """Does a call connect the engine, directly or through a session, or hand it to something that may?"""
    match call.func:
        case ast.Attribute(attr=name, value=owner) if name in _USES:
            if any(_is_behind(model, v, engine) for v in model.values(owner, frame)):
                return True
    for argument in (*call.args, *(k.value for k in call.keywords)):
        if isinstance(argument, ast.Name | ast.Attribute):
            if any(
                isinstance(v, Made) and is_same(root(v), root(engine))
                for v in model.values(argument, frame)
            ):
                return not any(
                    attributes.kind_of(model, made) in _HOLDERS
                    for made in model.values(call, frame)
                )
    return False


def _is_behind(model: Model, value: Value, engine: Made) -> bool:
    if isinstance(value, Bound):
        return False
    return any(is_same(root(one), root(engine)) for one in engines_behind(model, value))
