"""Endings: who closes a session that a function hands over, and whether that is before the response is sent."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING

from . import attributes, calls, injection, invocation, passing
from .bindings import Assigned
from .collisions import entered
from .flow import are_exclusive, is_within, position
from .holding import is_closed_by, started
from .knowledge import CONTEXT_MANAGERS, Kind
from .session_uses import is_own
from .sought import Sought, contains, held
from .values import Cls, Constant, Entering, Frame, Func, Generator, Instance, Made, Value

if TYPE_CHECKING:
    from .inference import Model
    from .scopes import Block

_DEEPEST = 5
_CLOSES = ("close", "aclose")
_STACKS = {
    "enter_context": False,
    "enter_async_context": False,
    "push": False,
    "push_async_exit": False,
    "callback": True,
    "push_async_callback": True,
}
"""The methods of exit stacks, and whether they get a function that is called at the end, not a context manager."""


class Closing(Enum):
    """When a session is closed, as a function sees it that works for a request."""

    HERE = auto()  # by the function itself, or by one that called it
    BY_SCOPE = auto()  # by a dependency of `scope="function"`, before the response
    BY_VERSION = auto()  # by a dependency, which the declared FastAPI finishes before the response
    RESPONDED = auto()  # by a dependency, after the response and its background tasks


@dataclass(frozen=True, slots=True)
class Ending:
    """The place that closes a session: of a `with`, a call of `close()`, or a dependency's generator."""

    closing: Closing
    node: ast.AST
    block: Block


def may_end(model: Model, frame: Frame) -> bool:
    """Can anything that the function hands over be ended, by it, by who called it, or by a dependency?"""
    for current in _outwards(frame):
        block = current.block
        if any("close" in word for word in block.words):
            return True
        if any(isinstance(node, ast.With | ast.AsyncWith) for node in block.nodes):
            return True
        if any(True for _ in _generators(model, current, 0)):
            return True
    return False


def _outwards(frame: Frame) -> Iterator[Frame]:
    """The activation, and those that called it or hold its function."""
    for _ in range(_DEEPEST):
        yield frame
        if frame.caller is not None:
            frame = frame.caller
        elif frame.closure is not None and frame.closure.block.is_function:
            frame = frame.closure
        else:
            return


def ending(model: Model, frame: Frame, session: Value, call: ast.AST) -> Ending | None:
    """What closes a session that a function hands over by `call`; None where that cannot be told."""
    place, inner = call, frame
    for current in _outwards(frame):
        if current is not frame:
            place = inner.call or place if inner.caller is current else inner.block.node
        node = _closed_in(model, current, session, place)
        if node is not None and not current.block.yields:
            return Ending(Closing.HERE, node, current.block)
        inner = current
    return _injected(model, inner, session)


def _closed_in(model: Model, frame: Frame, session: Value, call: ast.AST) -> ast.AST | None:
    """The `with` or the `close()` by which an activation ends the session after `call`."""
    block = frame.block
    if not block.is_function:
        return None
    for node in block.nodes:
        match node:
            case ast.With(items=items) | ast.AsyncWith(items=items):
                if position(node) < position(call) and not are_exclusive(block, node, call):
                    for item in items:
                        if _ends(model, item, frame, session):
                            return item.context_expr
                        stacked = _stacked(model, node, item, frame, session)
                        if stacked is not None:
                            return stacked
            case ast.Call(func=ast.Attribute(attr=attr, value=owner)) if attr in _CLOSES:
                if session in model.values(owner, frame) and _follows(block, node, call):
                    return node
            case ast.Call() if _is_named_closer(node) and _follows(block, node, call):
                if Sought(model, frame, session).is_given_to(node):
                    if any(is_closed_by(model, f, session) for f in started(model, node, frame)):
                        return node
    return None


def _is_named_closer(call: ast.Call) -> bool:
    """Does the called function's name say that it closes? What it does is looked at then."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    return "close" in name


def _follows(block: Block, close: ast.Call, call: ast.AST) -> bool:
    """Is the close on the way that goes on from the call, and not only where an error is handled?"""
    if any(isinstance(around, ast.ExceptHandler) for around in block.ancestors(close)):
        return False
    if is_within(block, close, call):
        return False  # what is handed over closes it itself
    return position(close) > position(call) and not are_exclusive(block, call, close)


def _ends(model: Model, item: ast.withitem, frame: Frame, session: Value) -> bool:
    """Does leaving this `with` close the session?"""
    for value in model.values(item.context_expr, frame):
        if isinstance(value, Entering):
            return value.closes and session in value.values
        if isinstance(value, Instance) and value != session:
            for name in ("__exit__", "__aexit__"):
                for method in attributes.of_instance(model, value, value.cls, name):
                    if isinstance(method, Func):
                        args = calls.entry(model, method).args
                        leaving = model.activation(method, args, frame, item.context_expr)
                        if leaving is not None and is_closed_by(model, leaving, session):
                            return True
    return session in entered(model, item, frame)


def _stacked(
    model: Model, around: ast.With | ast.AsyncWith, item: ast.withitem, frame: Frame, session: Value
) -> ast.AST | None:
    """What puts the session onto the exit stack that a `with` opens and leaves, or its `close`."""
    stacks = entered(model, item, frame)
    if not any(attributes.kind_of(model, stack) is Kind.STACK for stack in stacks):
        return None
    if "pop_all" in frame.block.words:
        return None
    for call in frame.block.calls:
        match call:
            case ast.Call(func=ast.Attribute(attr=attr, value=owner), args=[given, *_]):
                if attr not in _STACKS or not is_within(frame.block, call, around):
                    continue
                if stacks.isdisjoint(model.values(owner, frame)):
                    continue
                if _STACKS[attr]:
                    if isinstance(given, ast.Attribute) and given.attr in _CLOSES:
                        if session in model.values(given.value, frame):
                            return call
                elif _ends(model, ast.withitem(given), frame, session):
                    return call
                elif session in model.values(call, frame):
                    if not any(isinstance(v, Entering) for v in model.values(given, frame)):
                        return call
    return None


# dependencies


def _injected(model: Model, frame: Frame, session: Value) -> Ending | None:
    for depends, generator in _generators(model, frame, 0):
        if _gives(model, generator, session):
            node = _closed_by_generator(model, generator, session, 0)
            if node is not None:
                return Ending(_closing(model, depends, frame), node, generator.block)
    return None


def _generators(model: Model, frame: Frame, depth: int) -> Iterator[tuple[Made, Frame]]:
    """The generators that FastAPI runs for a function or its class, and the `Depends` that ask for them."""
    if depth > _DEEPEST:
        return
    for depends, target in _dependencies(model, frame):
        given = calls.entry(model, target)
        if target.block.yields:
            if not invocation.decorators(model, target) & CONTEXT_MANAGERS:
                yield depends, given
        yield from _generators(model, given, depth + 1)
    owner = frame.block.method_of
    if owner is not None and frame.block.name != "__init__":
        for block in owner.inner.values():
            if block.name == "__init__":
                yield from _generators(model, model.frame(block), depth + 1)


def _dependencies(model: Model, frame: Frame) -> Iterator[tuple[Made, Func]]:
    for default, annotation, closure in _asked_for(model, frame):
        for expression in (default, annotation):
            if expression is None:
                continue
            for node, where, beside in calls.dependency_calls(model, expression, closure, 0):
                for value in model.values(node, where):
                    if isinstance(value, Made) and value.type.startswith("fastapi."):
                        if value.type in injection.DEPENDENCIES:
                            types = ((beside, where), (annotation, closure))
                            targets = calls.dependency_targets(model, value, *types)
                            for target in calls.functions_in(model, targets):
                                yield value, target


def _asked_for(
    model: Model, frame: Frame
) -> Iterator[tuple[ast.expr | None, ast.expr | None, Frame]]:
    """The defaults and annotations of a function's parameters, and of the fields of a view's class."""
    closure = frame.closure or frame
    for parameter in frame.block.parameters.values():
        yield parameter.default, parameter.arg.annotation, closure
    owner = frame.block.method_of
    if owner is not None and owner.parent is not None:
        for base in attributes.mro(model, Cls(owner, closure.closure or model.frame(owner.parent))):
            if not isinstance(base, Cls):
                continue
            body = model.frame(base.block)
            for origin in (b.origin for bs in base.block.bindings.values() for b in bs):
                if isinstance(origin, Assigned):
                    yield origin.value, origin.annotation, body


def _gives(model: Model, generator: Frame, session: Value) -> bool:
    """Does it yield the session, or an object that keeps it?"""
    values = invocation.yielded(model, generator)
    if contains(values, session) or is_own(session, {generator}):
        return True
    return any(session in held(model, value) for value in values)


def _closed_by_generator(
    model: Model, generator: Frame, session: Value, depth: int
) -> ast.AST | None:
    """What closes the session below the generator's `yield`, or in the generator that it hands on."""
    block = generator.block
    if not block.yields or depth > _DEEPEST:
        return None
    first = min(block.yields, key=position)
    node = _closed_in(model, generator, session, first)
    if node is not None:
        return node
    for outer in block.nodes:
        if isinstance(outer, ast.For | ast.AsyncFor | ast.YieldFrom):
            source = outer.value if isinstance(outer, ast.YieldFrom) else outer.iter
            for value in model.values(source, generator):
                if isinstance(value, Generator) and is_within(block, first, outer):
                    inner = _as_seen_inside(session)
                    node = _closed_by_generator(model, value.frame, inner, depth + 1)
                    if node is not None:
                        return node
    return None


def _as_seen_inside(session: Value) -> Value:
    """The session as the function knows it whose call gave it: without that call."""
    if isinstance(session, Made | Instance):
        return replace(session, context=session.context[:-1])
    return session


def _closing(model: Model, depends: Made, frame: Frame) -> Closing:
    scope = passing.argument_values(model, depends, "scope")
    if scope == frozenset({Constant("function")}):
        return Closing.BY_SCOPE
    declared = model.project.declared(frame.block.module.path)
    if declared.may_be_at_least("fastapi", "0.118"):
        return Closing.RESPONDED
    closes_early = declared.may_be_at_least("fastapi", "0.106")
    return Closing.BY_VERSION if closes_early else Closing.RESPONDED
