"""Database URLs: what stands before their `://`, as far as it can be known."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from . import calls, passing
from .spelling import argument_of
from .values import (
    NOTHING,
    UNKNOWN,
    Constant,
    Frame,
    Instance,
    Made,
    Mapping,
    Site,
    Text,
    Value,
    Values,
)

if TYPE_CHECKING:
    from .inference import Model

_WHOLE = re.compile(r"([\w+]+)://")
_BEGINNING = re.compile(r"([\w+]+):")
_AS_TEXT = ("render_as_string", "unicode_string")
_URLS = ("sqlalchemy.URL", "pydantic", "yarl.")
_NOT_KNOWN: frozenset[str | None] = frozenset({None})
Schemes = frozenset[str | None]


def schemes(model: Model, values: Values, within: tuple[Site, ...] = ()) -> Schemes:
    """`dialect` or `dialect+driver` of the URLs among the values, None for each that is not known.

    `within` are the URL objects that are being read: `url = make_url(url)` says nothing new of itself.
    """
    found = (_schemes_of(model, value, within) for value in values if value != Constant(None))
    return frozenset().union(*found)


def url_argument(model: Model, call: ast.Call, frame: Frame) -> ast.expr | None:
    """The URL that a call of an engine's creator gets, where it stands in the call by itself."""
    names = calls.names_of(model, model.values(call.func, frame))
    index = None if any(name.endswith("from_config") for name in names) else 0
    return argument_of(call, "url", index)


def engine_schemes(model: Model, engine: Made) -> Schemes:
    """The schemes of the URLs that an engine's creating call can get."""
    if _is_left_to_callers(model, engine):
        return _NOT_KNOWN
    if creator_of(model, engine).endswith("engine_from_config"):
        values = passing.argument_values(model, engine, "url") or _configured(model, engine)
    else:
        values = passing.argument_values(model, engine, "url", 0)
    return _NOT_KNOWN if values is None else schemes(model, values)


def creator_of(model: Model, engine: Made) -> str:
    """The name of the function that made an engine: `create_engine`."""
    if engine.call is None or engine.frame is None:
        return ""
    names = calls.names_of(model, model.values(engine.call.func, engine.frame))
    return min(names, default="").rpartition(".")[2]


def _is_left_to_callers(model: Model, engine: Made) -> bool:
    """Is the URL a parameter, and nothing known of the call? Its default is one of many then."""
    if engine.call is None or engine.frame is None:
        return False
    url = url_argument(model, engine.call, engine.frame)
    block = engine.frame.block
    return (
        isinstance(url, ast.Name)
        and url.id in block.parameters
        and engine.frame.argument(url.id) is None
        and len(block.bindings[url.id]) == 1
    )


def may_hold_url(values: Values) -> bool:
    """Is one of the values a URL, or something that can hold one?"""
    return any(
        (isinstance(value, Constant) and isinstance(value.value, str) and "://" in value.value)
        or (isinstance(value, Text) and ":" in value.head)
        or (isinstance(value, Instance) and any(may_hold_url(held) for _, held in value.args))
        or (isinstance(value, Made) and value.type.startswith(_URLS))
        or isinstance(value, Mapping)
        for value in values
    )


def falls_back(model: Model, engine: Made) -> bool:
    """May the URL ask an asyncio driver to serve a sync engine, which it could before SQLAlchemy 2.1?"""
    project = model.project
    source = project.source(engine.site.path)
    return (source is not None and "async_fallback" in source.text) or project.closure_says(
        model.linted.path, "async_fallback"
    )


def is_wrapped(model: Model, engine: Made) -> bool:
    """Does the file that makes a sync engine give it to `AsyncEngine()`, at once or later?"""
    module = model.project.module(engine.site.path)
    if module is None or not module.may_say("AsyncEngine"):
        return False
    for call, block in module.calls():
        if call.args and isinstance(call.func, ast.Name | ast.Attribute):
            frame = model.frame(block)
            if "sqlalchemy.AsyncEngine" in calls.names_of(model, model.values(call.func, frame)):
                wrapped = model.values(call.args[0], frame)
                if any(isinstance(w, Made) and w.site == engine.site for w in wrapped):
                    return True
    return False


def _schemes_of(model: Model, value: Value, within: tuple[Site, ...]) -> Schemes:
    if isinstance(value, Made) and value.site in within:
        return frozenset()
    match value:
        case Constant(str() as text):
            return _matched(_WHOLE.match(text))
        case Text(head):
            return _matched(_BEGINNING.match(head))
        case Made(type="sqlalchemy.URL"):
            return _of_url(model, value, (*within, value.site))
        case Made(type=name, origin=Made() as url) if name.endswith(_AS_TEXT):
            return _schemes_of(model, url, within)
        case Made(type=name) if name.endswith(".build") and name.startswith(("pydantic", "yarl.")):
            return _names(passing.argument_values(model, value, "scheme"))
    return _NOT_KNOWN


def _matched(match: re.Match[str] | None) -> Schemes:
    return frozenset({match[1]}) if match else _NOT_KNOWN


def _of_url(model: Model, url: Made, within: tuple[Site, ...]) -> Schemes:
    """The scheme of a URL object: `make_url()`, `URL.create()`, `url.set()`."""
    if url.call is None or url.frame is None:
        return _NOT_KNOWN
    for name in calls.names_of(model, model.values(url.call.func, url.frame)):
        match name:
            case "sqlalchemy.make_url":
                text = passing.argument_values(model, url, "name_or_url", 0)
                return schemes(model, text, within) if text is not None else _NOT_KNOWN
            case "sqlalchemy.URL.create" | "sqlalchemy.URL":
                return _names(passing.argument_values(model, url, "drivername", 0))
            case "sqlalchemy.URL.set":
                exchanged = passing.argument_values(model, url, "drivername", 0)
                if exchanged is None and url.origin is not None:
                    return _schemes_of(model, url.origin, within)
                return _names(exchanged)
    return _NOT_KNOWN


def _names(values: Values | None) -> Schemes:
    """Schemes that stand alone, without a URL behind them."""
    return frozenset(
        value.value if isinstance(value, Constant) and isinstance(value.value, str) else None
        for value in values or {None}
    )


def _configured(model: Model, engine: Made) -> Values | None:
    """The URL in the dictionary that `engine_from_config()` gets."""
    prefixes = passing.argument_values(model, engine, "prefix", 1)
    prefix = Constant("sqlalchemy.") if prefixes is None else next(iter(prefixes))
    if not isinstance(prefix, Constant) or len(prefixes or {prefix}) != 1:
        return None
    key = f"{prefix.value}url"
    found = _written(model, engine, key)
    if found is not None:
        return found
    for configuration in passing.argument_values(model, engine, "configuration", 0) or UNKNOWN:
        urls = configuration.get(key) if isinstance(configuration, Mapping) else None
        if isinstance(configuration, Made) and configuration.type.endswith(".get_section"):
            urls = _main_option(model, configuration, key)
        found = UNKNOWN if urls is None else (found or NOTHING) | urls
    return found


def _written(model: Model, engine: Made, key: str) -> Values | None:
    """What `configuration[key] = …` stores before the engine is made; unknown where it perhaps does not."""
    if engine.call is None or engine.frame is None:
        return None
    block = engine.frame.block
    name = argument_of(engine.call, "configuration", 0)
    found: Values | None = None
    for node in block.nodes:
        match node:
            case ast.Assign(
                targets=[ast.Subscript(value=ast.Name(id=stored), slice=ast.Constant(value=slot))]
            ) if isinstance(name, ast.Name) and (stored, slot) == (name.id, key):
                certain = block.parents[node] in block.ancestors(engine.call)
                found = model.values(node.value, engine.frame) if certain else UNKNOWN
    return found


def _main_option(model: Model, section: Made, key: str) -> Values | None:
    """What `config.set_main_option(key, …)` of an Alembic environment sets, on every way through the file."""
    module = model.project.module(section.site.path)
    if module is None:
        return None
    frame = model.frame(module.block)
    found: Values | None = None
    for call in module.block.calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr == "set_main_option":
            option = argument_of(call, "name", 0)
            if isinstance(option, ast.Constant) and option.value == key:
                certain = module.block.statement(call) in module.tree.body
                given = argument_of(call, "value", 1)
                found = model.values(given, frame) if certain else UNKNOWN
    return found
