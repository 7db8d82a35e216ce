"""What `isinstance` tells of a name: in the branch for a class only what may be one, in the others the rest."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import attributes
from .values import Cls, Frame, Instance, Items, Library, Made, Value, Values

if TYPE_CHECKING:
    from .inference import Model


def narrowed(model: Model, name: ast.Name, values: Values, frame: Frame) -> Values:
    """Those of a name's values that it can have where it is used; all of them if none is left."""
    for test, holds in _tests(name, frame):
        kinds = [kind for value in model.values(test, frame) for kind in _classes(value)]
        if kinds and all(isinstance(kind, Library | Cls) for kind in kinds):
            values = frozenset(
                v for v in values if (is_one := _is_one(model, v, kinds)) is None or is_one is holds
            )
    return values


def _tests(name: ast.Name, frame: Frame) -> Iterator[tuple[ast.expr, bool]]:
    """The classes of the `isinstance` tests around a use, and whether the use is where they hold."""
    inside: ast.AST = name
    for outer in frame.block.ancestors(name):
        if isinstance(outer, ast.If | ast.IfExp) and inside is not outer.test:
            match outer.test:
                case ast.Call(func=ast.Name(id="isinstance"), args=[ast.Name(id=tested), classes]):
                    if tested == name.id:
                        body = outer.body if isinstance(outer.body, list) else [outer.body]
                        yield classes, inside in body
        inside = outer


def _classes(value: Value) -> Iterator[Value]:
    if isinstance(value, Items):
        for element in value.elements:
            yield from element
    else:
        yield value


def _is_one(model: Model, value: Value, kinds: list[Value]) -> bool | None:
    """Is a value an instance of one of the classes? None where that is not known."""
    if isinstance(value, Made):
        names = {kind.name for kind in kinds if isinstance(kind, Library)}
        return value.type in names
    if isinstance(value, Instance):
        return not set(attributes.mro(model, value.cls)).isdisjoint(kinds)
    return None
