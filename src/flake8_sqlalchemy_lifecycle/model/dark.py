"""Code that cannot be read, and the engines that it is given: it may do anything with them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import attributes
from .engines import engines_behind
from .knowledge import LIBRARIES, STANDARD_LIBRARY, Kind
from .spelling import arguments
from .values import Bound, Elements, Frame, Instance, Items, Library, Made, Unknown, Value

if TYPE_CHECKING:
    from .inference import Model

_ONLY_LOOKS = frozenset(
    {"alembic", "sqladmin", "opentelemetry", "starlette_admin", "structlog", "loguru"}
)
"""Libraries that use an engine and leave it to its owner."""
_HOLDERS = (ast.Name, ast.Attribute, ast.Call, ast.List, ast.Tuple)


def given_away(
    model: Model, call: ast.Call, frame: Frame, names: frozenset[str]
) -> Iterator[Made | None]:
    """The engines that a call gives to code that cannot be read.

    None stands for those of an object, where its class spells one of `names`.
    """
    given = [argument for argument in arguments(call) if isinstance(argument, _HOLDERS)]
    if given and _is_dark(model, call, frame):
        for argument in given:
            for value in model.values(argument, frame):
                yield from _held(model, value, names)


def is_foreign(name: str) -> bool:
    """A library that the model knows nothing of (or a module of the project that it did not find)."""
    top = name.partition(".")[0]
    return top not in LIBRARIES and top not in STANDARD_LIBRARY and top not in _ONLY_LOOKS


def _is_dark(model: Model, call: ast.Call, frame: Frame) -> bool:
    for callee in model.values(call.func, frame):
        match callee:
            case Unknown():
                return True
            case Library(name) if is_foreign(name):
                return True
            case Bound(Made() as receiver) if not attributes.kind_of(model, receiver):
                if is_foreign(receiver.type):
                    return True
    return False


def _held(model: Model, value: Value, names: frozenset[str]) -> Iterator[Made | None]:
    match value:
        case Made() if attributes.kind_of(model, value) in (Kind.ENGINE, Kind.MAKER):
            yield from engines_behind(model, value)
        case Instance(cls) if not names.isdisjoint(cls.block.words):
            yield None
        case Items(elements):
            for element in elements:
                for inner in element:
                    yield from _held(model, inner, names)
        case Elements(values):
            for inner in values:
                yield from _held(model, inner, names)
