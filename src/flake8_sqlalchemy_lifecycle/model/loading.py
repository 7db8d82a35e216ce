"""Expressions that load a mapped instance: `await session.get(User, 1)`, `(await session.scalars(…)).one()`."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from .bindings import Assigned
from .mapping import is_mapped
from .scopes import Block
from .spelling import arguments, last_name, spelled
from .values import Cls, Frame

if TYPE_CHECKING:
    from .inference import Model

_ONE = frozenset({"one", "one_or_none", "first"})
_SCALAR = frozenset({"scalar", "scalar_one", "scalar_one_or_none"})
_ALL = frozenset({"all", "fetchall"})
_LISTS = frozenset({"list", "reversed", "sorted", "tuple"})
_DEEPEST = 6


def loaded_class(
    model: Model, node: ast.expr, frame: Frame, is_session: Callable[[ast.expr], bool]
) -> Cls | None:
    """The mapped class of the one instance that an expression loads through the session."""
    return _loaded(model, node, frame, is_session, _gives_one)


def loaded_classes(
    model: Model, node: ast.expr, frame: Frame, is_session: Callable[[ast.expr], bool]
) -> Cls | None:
    """The mapped class of the instances that an expression loads: `(await session.scalars(…)).all()`."""
    while isinstance(node, ast.Call) and last_name(node.func) in _LISTS and len(node.args) == 1:
        node = node.args[0]
    return _loaded(model, node, frame, is_session, _gives_many)


def _loaded(
    model: Model,
    node: ast.expr,
    frame: Frame,
    is_session: Callable[[ast.expr], bool],
    gives: Callable[[str, list[str]], bool],
) -> Cls | None:
    methods: list[str] = []
    for _ in range(_DEEPEST):
        match node:
            case ast.Await(value=inner):
                node = inner
            case ast.Name():
                value = _value_of(node, frame.block)
                if value is None:
                    return None
                node = value
            case ast.Call(func=ast.Attribute(attr=name, value=owner)) if is_session(owner):
                given = arguments(node)
                if not given or not gives(name, methods[::-1]):
                    return None
                return _class_in(model, given[0], frame, is_class=name.startswith("get"))
            case ast.Call(func=ast.Attribute(attr=name, value=owner)):
                if name != "unique":
                    methods.append(name)
                node = owner
            case _:
                return None
    return None


def _value_of(name: ast.Name, block: Block) -> ast.expr | None:
    bindings = block.reaching(name.id, name)
    if len(bindings) != 1 or not isinstance(bindings[0].origin, Assigned):
        return None
    return None if bindings[0].origin.path else bindings[0].origin.value


def _gives_one(method: str, then: list[str]) -> bool:
    """Does the method, with what is called on its result, give one instance?"""
    match method, then:
        case (("get" | "get_one" | "scalar"), []):
            return True
        case "scalars", [last]:
            return last in _ONE
        case "execute", [last]:
            return last in _SCALAR
        case "execute", ["scalars", last]:
            return last in _ONE
        case "exec", [last]:
            return last in _ONE
    return False


def _gives_many(method: str, then: list[str]) -> bool:
    """Does the method, with what is called on its result, give many instances?"""
    match method, then:
        case ("scalars" | "exec", []) | ("execute", ["scalars"]):
            return True
        case ("scalars" | "exec", [last]) | ("execute", ["scalars", last]):
            return last in _ALL
    return False


def _class_in(model: Model, node: ast.expr, frame: Frame, *, is_class: bool) -> Cls | None:
    """The class that a statement selects, when it is one."""
    for _ in range(12):
        if isinstance(node, ast.Name) and not is_class:
            value = _value_of(node, frame.block)
            if value is None:
                return None
            node = value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "select":
                break
            node = node.func.value
        else:
            break
    if isinstance(node, ast.Call):
        if last_name(node.func) != "select" or len(node.args) != 1:
            return None
        node = node.args[0]
    found = [value for value in model.values(node, frame) if isinstance(value, Cls)]
    return found[0] if len(found) == 1 and is_mapped(model, found[0]) else None


def is_refreshing(call: ast.Call, cls: Cls | None, block: Block) -> bool:
    """May the load give an instance of the class, and with it the attributes that were expired?"""
    if cls is None or not arguments(call):
        return True
    statement = arguments(call)[0]
    if isinstance(statement, ast.Name) and not statement.id[:1].isupper():
        value = _value_of(statement, block)
        if value is None:
            return True
        statement = value
    words = spelled(statement)
    if words & {"insert", "update", "delete"}:
        return "returning" in words
    return cls.block.name in words or "options" in words or "select" not in words
