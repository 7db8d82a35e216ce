"""Slots: what an app keeps for its handlers under a name (`app.state.db`) or a key (`app["db"]`, `app[DB]`)."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from . import attributes, hints
from .bindings import Parameter
from .spelling import argument_of, last_name
from .values import NOTHING, UNKNOWN, Constant, Frame, Made, Mapping, Value, Values

if TYPE_CHECKING:
    from .inference import Model

KEYED = "aiohttp.Application"
_KEY = "aiohttp.AppKey"


def of_state(model: Model, owner: str, name: str) -> Values:
    """`app.state.name`: what any file at hand stores there, or a lifespan yields under that key."""
    found: set[Value] = set()
    model.cuts += 1
    for path in model.project.saying(model.linted.path, f"{owner}.{name} =", f'"{name}":'):
        module = model.project.module(path)
        for block in module.blocks() if module else ():
            for node in block.nodes_of(ast.Assign, ast.Yield):
                match node:
                    case ast.Assign(
                        targets=[ast.Attribute(attr=attr, value=ast.Attribute(attr=holder))]
                    ) if attr == name and holder == owner:
                        found |= model.values(node.value, model.frame(block))
                    case ast.Yield(value=ast.Dict() as mapping):
                        for value in model.values(mapping, model.frame(block)):
                            if isinstance(value, Mapping):
                                found |= value.get(name) or NOTHING
    return frozenset(found) or UNKNOWN


def of_key(model: Model, key: ast.expr, frame: Frame) -> Values:
    """`app[key]` of aiohttp: what any file at hand stores there."""
    sought = _keys(model, key, frame)
    if not sought:
        return UNKNOWN
    found: set[Value] = set()
    model.cuts += 1
    words = {f'"{k.value}"] =' for k in sought if isinstance(k, Constant)}
    if last_name(key) is not None:
        words.add(f"{last_name(key)}] =")
    for path in model.project.saying(model.linted.path, *sorted(words)):
        module = model.project.module(path)
        for block in module.blocks() if module else ():
            for node in block.nodes_of(ast.Assign):
                match node.targets[0]:
                    case ast.Subscript(value=app, slice=ast.expr() as stored):
                        inner = model.frame(block)
                        if not sought.isdisjoint(_keys(model, stored, inner)):
                            if _may_be_app(model, app, inner):
                                found |= model.values(node.value, inner)
    return frozenset(found) or model.union(_promised(model, value) for value in sought)


def _promised(model: Model, key: Value) -> Values:
    """What the type says that `AppKey("sessions", async_sessionmaker)` is given."""
    if isinstance(key, Made) and key.call is not None and key.frame is not None:
        given = argument_of(key.call, "t", 1)
        return hints.annotated(model, given, key.frame, key.call)
    return UNKNOWN


def _keys(model: Model, key: ast.expr, frame: Frame) -> Values:
    """What can be a key: a string, or an `AppKey`."""
    return frozenset(
        value
        for value in model.values(key, frame)
        if (isinstance(value, Constant) and isinstance(value.value, str))
        or (isinstance(value, Made) and value.type == _KEY)
    )


def _may_be_app(model: Model, node: ast.expr, frame: Frame) -> bool:
    """Is it an app, or a parameter without annotation, as that of start-up functions often is?"""
    if any(attributes.type_name(model, value) == KEYED for value in model.values(node, frame)):
        return True
    if not isinstance(node, ast.Name):
        return False
    bindings = frame.block.bindings.get(node.id, ())
    return any(
        isinstance(binding.origin, Parameter) and binding.origin.arg.annotation is None
        for binding in bindings
    )
