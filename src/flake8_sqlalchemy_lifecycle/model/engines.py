"""Engines as objects: which ones stand behind a session or connection, and which have nothing to dispose."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import attributes, invocation, passing
from .knowledge import Kind
from .spelling import argument_of
from .values import (
    NOTHING,
    Cls,
    Constant,
    Func,
    Instance,
    Library,
    Made,
    Mapping,
    Text,
    Unknown,
    Value,
    Values,
    in_order,
)

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
    for bind in in_order(frozenset(_binds(model, value, kind))):
        yield from engines_behind(model, bind, depth - 1)


def _binds(model: Model, value: Value, kind: Kind) -> Iterator[Value]:
    if kind not in _BOUND:
        return
    if isinstance(value, Made):
        yield from (
            passing.argument_values(model, value, "bind", _BOUND[kind])
            or _configured(model, value, kind)
        )
        for keyword in ("sync_session_class", "class_"):
            for cls in passing.argument_values(model, value, keyword) or ():
                if isinstance(cls, Cls):
                    yield from _chosen_by(model, Instance(cls, value.site))
    elif isinstance(value, Instance):
        for name, values in value.args:
            if name == "bind":
                yield from values
        yield from _chosen_by(model, value)


def _configured(model: Model, maker: Made, kind: Kind) -> Values:
    """What the module that made a maker or registry binds it to later: `maker.configure(bind=engine)`."""
    module = model.project.module(maker.site.path)
    if kind is Kind.SESSION or module is None or not module.may_say(".configure("):
        return NOTHING
    found: set[Value] = set()
    for call, block in module.calls():
        match call:
            case ast.Call(func=ast.Attribute(attr="configure", value=receiver)):
                inner = maker.frame
                frame = inner if inner and inner.block is block else model.frame(block)
                owners = model.values(receiver, frame)
                if any(isinstance(owner, Made) and owner.site == maker.site for owner in owners):
                    bind = argument_of(call, "bind")
                    found |= model.values(bind, frame) if bind is not None else NOTHING
    return frozenset(found)


def _chosen_by(model: Model, session: Instance) -> Iterator[Value]:
    """The engines among which a project's session class chooses: what its `get_bind` returns."""
    for method in attributes.of_instance(model, session, session.cls, "get_bind"):
        if isinstance(method, Func):
            yield from invocation.result(model, method)


def root(engine: Made) -> Made:
    """The engine itself, behind a view of it (`sync_engine`, `execution_options()`)."""
    while isinstance(engine.origin, Made) and engine.call is None:
        engine = engine.origin
    return engine


def has_no_pool(model: Model, engine: Made) -> bool:
    """Does the engine keep no connection (`NullPool`), or may it not, for all that can be told?"""
    if engine.call is None or engine.frame is None:
        return False
    given = argument_of(engine.call, "poolclass")
    if given is not None:
        pools = model.values(given, engine.frame)
    else:
        pools = model.union(
            mapping.get("poolclass") or frozenset({Constant(None)})
            if isinstance(mapping, Mapping)
            else frozenset({mapping})
            for keyword in engine.call.keywords
            if keyword.arg is None
            for mapping in model.values(keyword.value, engine.frame)
        )
    module = model.project.module(engine.site.path)
    if module is None or not any(isinstance(pool, Unknown) for pool in pools):
        return bool(pools) and pools <= {Library("sqlalchemy.NullPool")}
    return module.may_say("NullPool")


def is_in_memory(model: Model, engine: Made) -> bool:
    """Is it a SQLite database in memory?"""
    urls = passing.argument_values(model, engine, "url", 0) or ()
    known = [v for v in urls if not isinstance(v, Unknown)]
    return bool(known) and all(_is_memory_url(v) for v in known)


def _is_memory_url(value: Value) -> bool:
    if isinstance(value, Constant) and isinstance(value.value, str):
        scheme, _, rest = value.value.partition("://")
        path = rest.partition("?")[0]
        return scheme.startswith("sqlite") and path in ("", "/", "/:memory:")
    return isinstance(value, Text) and ":memory:" in value.head
