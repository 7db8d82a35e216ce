"""Which calls surely connect an engine, and which dispose it: through a session, a query, a table's metadata too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import attributes, calls
from .engines import engines_behind, has_no_pool, is_in_memory, root
from .knowledge import Kind
from .knowledge.sqlalchemy import CONNECTING, FLASK, OF_QUERIES, QUERY, TAKE_AN_ENGINE
from .values import Constant, Frame, Func, Made, Value

if TYPE_CHECKING:
    from .inference import Model

_OF_DATABASES = frozenset({"create_all", "drop_all", "reflect"})


def pools_behind(model: Model, value: Value) -> Iterator[Made]:
    """The engines with a pool that a value works with; Flask-SQLAlchemy's object stands for its engine."""
    made: Value | None = value
    while isinstance(made, Made):
        if made.type == FLASK:
            yield made
            return
        made = made.origin
    for engine in map(root, engines_behind(model, value)):
        if engine.call is not None and not has_no_pool(model, engine):
            if not is_in_memory(model, engine):
                yield engine


def connects(model: Model, call: ast.Call, frame: Frame) -> Iterator[Made]:
    """The engines that a call connects: a checked-out connection goes back to their pool, and stays there."""
    match call.func:
        case ast.Attribute(attr=name, value=owner):
            for value in model.values(owner, frame):
                yield from _connected_by(model, value, name)
    if _is_iterated(call, frame):
        for value in model.values(call, frame):
            if isinstance(value, Made) and value.type == QUERY:
                yield from _connected_by(model, value, "all")
    if calls.spelled(call) in TAKE_AN_ENGINE:
        if not any(isinstance(callee, Func) for callee in model.values(call.func, frame)):
            for given in (*call.args, *(keyword.value for keyword in call.keywords)):
                if isinstance(given, ast.Name | ast.Attribute | ast.Call):
                    for value in model.values(given, frame):
                        if attributes.kind_of(model, value) is Kind.ENGINE:
                            yield from pools_behind(model, value)


def _is_iterated(call: ast.Call, frame: Frame) -> bool:
    """Does a loop go over what the call gives?"""
    around = frame.block.parents.get(call)
    return isinstance(around, ast.For | ast.comprehension) and around.iter is call


def _connected_by(model: Model, value: Value, name: str) -> Iterator[Made]:
    """The engines that a method of the value connects."""
    if isinstance(value, Made) and value.type == FLASK and name in _OF_DATABASES:
        yield value
    elif isinstance(value, Made) and value.type == QUERY:
        if name in OF_QUERIES and value.origin is not None:
            yield from pools_behind(model, value.origin)
    else:
        kind = attributes.kind_of(model, value)
        if kind is not None and name in CONNECTING.get(kind, ()):
            yield from pools_behind(model, value)


def disposed_by(model: Model, owner: ast.expr, frame: Frame) -> list[Made] | None:
    """The engines that `owner.dispose()` disposes; None where they may be any, for all that is known."""
    values = model.values(owner, frame) - {Constant(None)}
    if not values or not all(_is_known_engine(model, value) for value in values):
        return None
    return [pool for value in values for pool in pools_behind(model, value)]


def _is_known_engine(model: Model, value: Value) -> bool:
    """Is it an engine that is seen to be made, or Flask-SQLAlchemy's?"""
    if not isinstance(value, Made) or attributes.kind_of(model, value) is not Kind.ENGINE:
        return False
    return root(value).call is not None or any(True for _ in pools_behind(model, value))
