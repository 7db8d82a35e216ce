"""Calls that flush or commit a session, in functions of the project too, and those that make it well again."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from . import attributes
from .flow import enclosing_tries, enclosing_withs
from .holding import started
from .inference import Model, known
from .knowledge import Kind
from .sought import Sought, held
from .spelling import last_name
from .trails import Trails
from .truth import is_skipped
from .values import Frame, Instance, Made, Value, in_order

FAILS = ("flush", "commit")
RESTORES = frozenset({"rollback", "close", "aclose", "reset", "invalidate", "remove"})
_DEEPEST = 4
_DEEPEST_SHARED = 2
Owner = Made | Instance


def sessions_failing(model: Model, call: ast.Call, frame: Frame) -> Iterator[Owner]:
    """The sessions that a call flushes or commits, itself or in a function of the project."""
    func = call.func
    if isinstance(func, ast.Attribute) and func.attr in FAILS:
        found = known(model.values(func.value, frame))
        session = next(iter(found), None)
        if len(found) == 1 and session is not None and _is_session(model, session):
            assert isinstance(session, Made | Instance)
            yield session
            return
    if not may_fail(model, call):
        return
    activations = started(model, call, frame)
    if not activations:
        return
    shared = [found for inner in activations for found in _shared(model, inner)]
    for session in dict.fromkeys([*_given(model, call, frame), *shared]):
        if any(_fails(model, inner, session) for inner in activations):
            yield session


def is_registry(model: Model, session: Value) -> bool:
    """Is it a registry, which functions find by themselves where others are given a session?"""
    return attributes.kind_of(model, session) is Kind.REGISTRY


def _shared(model: Model, frame: Frame, depth: int = 0) -> Iterator[Made]:
    """The registries that a function flushes or commits, itself or by what it calls."""
    for call in frame.block.calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr in FAILS:
            found = known(model.values(call.func.value, frame))
            registry = next(iter(found), None)
            if len(found) == 1 and isinstance(registry, Made) and is_registry(model, registry):
                yield registry
                continue
        if depth < _DEEPEST_SHARED and may_fail(model, call):
            for inner in started(model, call, frame):
                yield from _shared(model, inner, depth + 1)


def may_fail(model: Model, call: ast.Call) -> bool:
    """Can the call flush or commit, by the name of what it calls?"""
    name = last_name(call.func)
    return name in FAILS or name in _leading(model)


def _is_session(model: Model, value: Value) -> bool:
    kind = attributes.kind_of(model, value)
    return isinstance(value, Made | Instance) and kind in (Kind.SESSION, Kind.REGISTRY)


def _leading(model: Model) -> frozenset[str]:
    """The names by which the file gets to a flush or commit."""
    trails = model.project.trails.get(FAILS)
    if trails is None:
        trails = model.project.trails[FAILS] = Trails(model.project, FAILS)
    return trails.names(model.linted.path)


def _given(model: Model, call: ast.Call, frame: Frame) -> Iterator[Owner]:
    """The sessions among the arguments of a call, or held by the object whose method it is."""
    for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
        if isinstance(argument, ast.Name | ast.Attribute):
            for value in in_order(model.values(argument, frame)):
                if isinstance(value, Made | Instance) and _is_session(model, value):
                    yield value
    if isinstance(call.func, ast.Attribute):
        for holder in in_order(model.values(call.func.value, frame)):
            for value in held(model, holder):
                if isinstance(value, Made | Instance) and _is_session(model, value):
                    yield value


def _fails(model: Model, frame: Frame, session: Owner) -> bool:
    """Does a function flush or commit the session, with nothing in it that would see to the error?"""
    if frame.depth > _DEEPEST or frame.block.yields:
        return False
    its = Sought(model, frame, session)
    block = frame.block
    for call in block.calls:
        func = call.func
        direct = isinstance(func, ast.Attribute) and its.is_it(func.value)
        if direct and getattr(func, "attr", None) not in FAILS:
            continue
        if any(try_.handlers for try_ in enclosing_tries(block, call)):
            continue
        if any(True for _ in enclosing_withs(block, call)):
            continue
        if is_skipped(model, call, frame):
            continue
        if direct:
            return True
        if its.is_given_to(call) or (
            isinstance(func, ast.Attribute) and its.is_held_by(func.value)
        ):
            if any(_fails(model, inner, session) for inner in started(model, call, frame)):
                return True
        elif is_registry(model, session) and may_fail(model, call):
            for inner in started(model, call, frame):
                if "rollback" not in inner.block.words and _fails(model, inner, session):
                    return True
    return False


def restores(model: Model, frame: Frame, session: Owner) -> bool:
    """Does a function roll the session back or close it, anywhere, or never return?"""
    if frame.block.yields:
        return True
    if frame.depth > _DEEPEST:  # what it calls is not followed
        return not RESTORES.isdisjoint(frame.block.words)
    its = Sought(model, frame, session)
    for call in frame.block.calls:
        func = call.func
        if isinstance(func, ast.Attribute) and func.attr in RESTORES:
            return True
        if its.is_given_to(call) or (
            isinstance(func, ast.Attribute) and its.is_held_by(func.value)
        ):
            if any(restores(model, inner, session) for inner in started(model, call, frame)):
                return True
    return False


def never_returns(frame: Frame) -> bool:
    """Does a function always end in `raise`?"""
    node = frame.block.node
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or frame.block.yields:
        return False
    return isinstance(node.body[-1], ast.Raise) and not frame.block.returns
