"""The apps and routers of web frameworks: which one a value is or belongs to, and who constructs it.

An app is its allocation site, seen from inside the factory that made it or from outside.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from . import attributes
from .inference import Model
from .knowledge import TYPES, Kind, ancestry, web
from .scopes import Block, Module
from .spelling import argument_of
from .values import (
    NOTHING,
    UNKNOWN,
    Bound,
    Cls,
    Constant,
    Frame,
    Instance,
    Library,
    Made,
    Mapping,
    Site,
    Value,
    Values,
)

APPS = frozenset(
    name for name, known in web.TYPES.items() if known.kind is Kind.APP and known.is_async
)
"""The classes of apps that have a start and an end: those of ASGI and aiohttp."""

_STARLETTE = frozenset({"starlette.Starlette", "starlette.Router"})


def app_of(model: Model, value: Value) -> Value:
    """The app that `app.router` or a list of its handlers belongs to; else the value itself."""
    if isinstance(value, Made) and value.origin is not None and value.site == site_of(value.origin):
        if attributes.kind_of(model, value.origin) in (Kind.APP, Kind.ROUTER):
            return value.origin
    return value


def is_app(model: Model, value: Value) -> bool:
    """Is the value an app that has a start and an end?"""
    return attributes.type_name(model, value) in APPS


def is_starlette(model: Model, value: Value) -> bool:
    """Is the value an app or router of Starlette, or of FastAPI, which builds on it?"""
    name = attributes.type_name(model, value)
    return name is not None and not _STARLETTE.isdisjoint(ancestry(name))


def is_same(one: Value, other: Value) -> bool:
    """Are these the same app, or the same as seen from inside and outside of the factory that makes it?"""
    if isinstance(one, Instance) and isinstance(other, Instance):
        anywhere = {class_site(one.cls), class_site(other.cls)}
        return one.cls == other.cls and (
            (one.site == other.site and _is_outside(one, other))
            or not anywhere.isdisjoint({one.site, other.site})
        )
    if isinstance(one, Made) and isinstance(other, Made):
        return one.site == other.site and one.type == other.type and _is_outside(one, other)
    return False


def _is_outside(one: Made | Instance, other: Made | Instance) -> bool:
    length = min(len(one.context), len(other.context))
    return one.context[:length] == other.context[:length]


def site_of(value: Value) -> Site | None:
    """The allocation site of an object; None for other values."""
    return value.site if isinstance(value, Made | Instance) else None


def class_site(cls: Cls) -> Site:
    """The site of an instance of which only the class is known."""
    return Site.of(cls.block.node, cls.block)


def constructed_type(model: Model, callee: Value) -> str | None:
    """The app's class that a call constructs; also `super().__init__` in a subclass of it."""
    match callee:
        case Library(name) if name in TYPES:
            return name
        case Bound(receiver, "__init__"):
            return attributes.type_name(model, receiver)
        case Cls():
            return attributes.type_name(model, Instance(callee, class_site(callee)))
    return None


def given_for(model: Model, call: ast.Call, frame: Frame, keyword: str) -> Values:
    """What a call passes for a keyword, `**options` read too; the constant None where it passes nothing."""
    given = argument_of(call, keyword)
    if given is not None:
        return model.values(given, frame)
    found = NOTHING
    for spread in call.keywords:
        if spread.arg is None:
            found |= in_mapping(model, spread.value, frame, keyword)
    return found or frozenset({Constant(None)})


def in_mapping(model: Model, node: ast.expr, frame: Frame, keyword: str) -> Values:
    """What `**node` passes for a keyword; the constant None where the key is not there."""
    found = NOTHING
    for value in model.values(node, frame):
        if isinstance(value, Mapping):
            found |= value.get(keyword) or frozenset({Constant(None)})
        else:
            found |= UNKNOWN
    return found


def call_at(model: Model, site: Site) -> tuple[ast.Call, Block] | None:
    """The call at a site, with its block."""
    module = model.project.module(site.path)
    for call, block in module.calls() if module else ():
        if (call.lineno, call.col_offset) == (site.line, site.column):
            return call, block
    return None


def files(model: Model, *words: str) -> Iterator[Module]:
    """The files that the linted one reaches whose text holds one of the words."""
    for path in model.project.saying(model.linted.path, *words):
        module = model.project.module(path)
        if module is not None:
            yield module
