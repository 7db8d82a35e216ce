"""Engines as objects: which ones stand behind a session or connection, and which have nothing to dispose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import attributes, invocation
from .knowledge import Kind
from .values import Constant, Instance, Library, Made, Text, Unknown, Value

if TYPE_CHECKING:
    from .inference import Model

_BOUND = {Kind.MAKER: 0, Kind.SESSION: 0, Kind.REGISTRY: None}


def engines_behind(model: Model, value: Value, depth: int = 6) -> Iterator[Made]:
    """The engines that a maker, registry, session, transaction or connection works with; an engine is its own."""
    kind = attributes.kind_of(model, value)
    if kind is None or depth == 0:
        return
    if kind is Kind.ENGINE:
        if isinstance(value, Made):
            yield value
        return
    if isinstance(value, Made) and value.origin is not None:
        yield from engines_behind(model, value.origin, depth - 1)
    for bind in _binds(model, value, kind):
        yield from engines_behind(model, bind, depth - 1)


def _binds(model: Model, value: Value, kind: Kind) -> Iterator[Value]:
    if kind not in _BOUND:
        return
    if isinstance(value, Made):
        yield from invocation.argument_values(model, value, "bind", _BOUND[kind]) or ()
    elif isinstance(value, Instance):
        for name, values in value.args:
            if name == "bind":
                yield from values


def has_no_pool(model: Model, engine: Made) -> bool:
    """Does the engine keep no connection (`NullPool`), or may it, for all that can be told?"""
    pool = invocation.argument_values(model, engine, "poolclass")
    return pool is not None and (
        Library("sqlalchemy.NullPool") in pool or any(isinstance(v, Unknown) for v in pool)
    )


def is_in_memory(model: Model, engine: Made) -> bool:
    """Is it a SQLite database in memory?"""
    urls = invocation.argument_values(model, engine, "url", 0) or ()
    known = [v for v in urls if not isinstance(v, Unknown)]
    return bool(known) and all(_is_memory_url(v) for v in known)


def _is_memory_url(value: Value) -> bool:
    if isinstance(value, Constant) and isinstance(value.value, str):
        scheme, _, rest = value.value.partition("://")
        path = rest.partition("?")[0]
        return scheme.startswith("sqlite") and path in ("", "/", "/:memory:")
    return isinstance(value, Text) and ":memory:" in value.head
