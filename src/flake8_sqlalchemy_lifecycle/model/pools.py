"""The pool of an engine: which class it is, and which arguments of the creating call it does not take."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import attributes, calls, passing, urls
from .flow import leaves
from .knowledge.drivers import ASYNC_ONLY, SERVERS
from .knowledge.pools import (
    ASYNCIO,
    FLAVOUR_CHECKED_SINCE,
    IN_MEMORY,
    OTHER_ARGUMENTS,
    POOL_ARGUMENTS,
    POOLS,
    QUEUE_ARGUMENTS,
    QUEUE_FOR_FILES_SINCE,
    THREADED,
)
from .origins import expression_behind
from .spelling import argument_of
from .values import Constant, Frame, Library, Made, Mapping, Value, Values

if TYPE_CHECKING:
    from .inference import Model

_NONE: Values = frozenset({Constant(None)})
_CHANGES = r"\s*(\[[^\]\n]*\]\s*=[^=]|\|=|\.(pop|popitem|update|setdefault|clear|__setitem__)\()"
_CLOSE = 0.75
_QUERY = 7
"""The place of `query` among the arguments of `URL.create()`."""
QUEUES = frozenset({"sqlalchemy.QueuePool", "sqlalchemy.AsyncAdaptedQueuePool"})
"""The pools that keep several connections."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """An argument that its engine's pool does not take, or a pool class that the engine does not.

    `meant` is the argument that a misspelt one (of which no pool knows) seems to mean.
    """

    argument: str
    pool: str
    meant: str = ""


def arguments(model: Model, engine: Made) -> dict[str, Values] | None:
    """The keywords that an engine's creating call passes, `**` and configurations opened; None: not all are known."""
    call, frame = engine.call, engine.frame
    if call is None or frame is None:
        return None
    found: dict[str, Values] = {}
    if urls.creator_of(model, engine).endswith("engine_from_config"):
        configured = _configuration(model, call, frame)
        if configured is None:
            return None
        found |= configured
    for keyword in call.keywords:
        if keyword.arg is not None:
            found[keyword.arg] = model.values(keyword.value, frame)
            continue
        mapping = _written_down(model, keyword.value, frame)
        if mapping is None:
            return None
        found |= {str(key): values for key, values in mapping.entries}
    return found


def _configuration(model: Model, call: ast.Call, frame: Frame) -> dict[str, Values] | None:
    """What `engine_from_config()` reads from a dictionary: the keys behind its prefix."""
    given = argument_of(call, "configuration", 0)
    mapping = _written_down(model, given, frame) if given is not None else None
    prefixes = argument_of(call, "prefix", 1)
    values = frozenset({Constant("sqlalchemy.")}) if prefixes is None else frozenset()
    match [*(values or model.values(prefixes, frame))]:
        case [Constant(str() as prefix)] if mapping is not None:
            return {
                str(key).removeprefix(prefix): given
                for key, given in mapping.entries
                if str(key).startswith(prefix)
            }
    return None


def _written_down(model: Model, expression: ast.expr, frame: Frame) -> Mapping | None:
    """The dictionary that is written as a whole in one place and changed nowhere near that place or here."""
    behind = expression_behind(model, expression, frame)
    if behind is None or not _is_display(behind[0]):
        return None
    values = model.values(expression, frame)
    mapping = next(iter(values))
    if len(values) != 1 or not isinstance(mapping, Mapping):
        return None
    if isinstance(expression, ast.Name | ast.Attribute):
        name = expression.id if isinstance(expression, ast.Name) else expression.attr
        for module in {frame.block.module, behind[1].block.module}:
            if re.search(rf"\b{name}{_CHANGES}", module.source.text):
                return None
    return mapping


def _is_display(expression: ast.expr) -> bool:
    if isinstance(expression, ast.Call):
        return isinstance(expression.func, ast.Name) and expression.func.id == "dict"
    return isinstance(expression, ast.Dict)


def pools_of(model: Model, engine: Made, given: dict[str, Values]) -> frozenset[str | None]:
    """The names of the classes that an engine's pool can be of; None for each that is not known."""
    found: set[str | None] = set()
    for value in given.get("poolclass", _NONE):
        if value == Constant(None):
            found.update(_picked(model, engine))
        else:
            known = isinstance(value, Library) and value.name in POOLS
            found.add(value.name if known and isinstance(value, Library) else None)
    return frozenset(found)


def _picked(model: Model, engine: Made) -> Iterator[str | None]:
    """The pool that the dialect picks, which SQLite alone makes depend on the database."""
    if engine.call is None or engine.frame is None:
        return
    schemes = urls.engine_schemes(model, engine)
    in_memory = is_in_memory(model, engine)
    declared = model.project.declared(model.linted.path)
    for scheme in schemes or {None}:
        if scheme is None or scheme.split("+")[0] not in {"sqlite", *SERVERS}:
            yield None
        elif scheme in IN_MEMORY:
            since = QUEUE_FOR_FILES_SINCE.get(scheme)
            if in_memory is None:
                yield None
            elif in_memory or since is None:
                yield IN_MEMORY[scheme]
            elif not declared.may_be_at_least("sqlalchemy", since):
                yield "sqlalchemy.NullPool"
            else:
                yield None if declared.may_be_below("sqlalchemy", since) else _queue(scheme)
        else:
            yield _queue(scheme)


def _queue(scheme: str) -> str:
    return "sqlalchemy.AsyncAdaptedQueuePool" if scheme in ASYNC_ONLY else "sqlalchemy.QueuePool"


def is_in_memory(model: Model, engine: Made) -> bool | None:
    """Is the engine's database one of SQLite in memory? None where that cannot be told."""
    found = {
        _is_memory(model, value)
        for value in passing.argument_values(model, engine, "url", 0) or ()
        if value != Constant(None)
    }
    return found.pop() if len(found) == 1 else None


def _is_memory(model: Model, url: Value, within: tuple[Value, ...] = ()) -> bool | None:
    match url:
        case Constant(str() as text) if "://" in text:
            scheme, _, rest = text.partition("://")
            path, _, query = rest.partition("?")
            in_memory = path in ("", "/", "/:memory:") or "mode=memory" in query
            return scheme.startswith("sqlite") and in_memory
        case Made(type="sqlalchemy.URL", call=ast.Call() as call):
            if calls.spelled(call) == "make_url":
                texts = passing.argument_values(model, url, "name_or_url", 0) or _NONE
                inside = (*within, url)  # `url = make_url(url)`
                found = {_is_memory(model, text, inside) for text in texts if text not in inside}
                return found.pop() if len(found) == 1 else None
            if calls.spelled(call) == "create" and len(call.args) < _QUERY:
                if passing.argument_values(model, url, "query") is None:
                    return _is_memory_name(passing.argument_values(model, url, "database", 5))
    return None


def _is_memory_name(names: Values | None) -> bool | None:
    match [*(names or _NONE)]:
        case [Constant(str() | None as name)]:
            return not name or name == ":memory:"
    return None


def is_asyncio(model: Model, engine: Made) -> bool | None:
    """Is the engine's dialect one of asyncio? The URL decides where a sync engine is wrapped."""
    if attributes.is_async(model, engine) or urls.is_wrapped(model, engine):
        return True
    schemes = urls.engine_schemes(model, engine)
    if schemes and None not in schemes:
        if schemes <= ASYNC_ONLY:
            return True
        return False if schemes.isdisjoint(ASYNC_ONLY) else None
    module = model.project.module(engine.site.path)
    return None if module is None or module.may_say("AsyncEngine", "async_fallback") else False


def misfits(model: Model, engine: Made) -> Iterator[Misfit]:
    """The arguments of an engine's creation that make it raise."""
    given = arguments(model, engine)
    if given is None or not {"plugins", "strategy"}.isdisjoint(given):
        return
    pools = pools_of(model, engine, given)
    if "poolclass" in given and None in pools and given["poolclass"] != _NONE:
        return
    declared = model.project.declared(model.linted.path)
    for name in given:
        meant = _meant(model, engine, name)
        if meant:
            yield Misfit(name, "", meant)
    if given.get("pool", _NONE) != _NONE:
        made = {value.type if isinstance(value, Made) else None for value in given["pool"]}
        if made <= POOLS.keys():
            yield from (Misfit(n, "pool") for n in given if n in POOL_ARGUMENTS - {"pool"})
        return
    wrong = {True: THREADED, False: ASYNCIO, None: frozenset[str]()}[is_asyncio(model, engine)]
    if pools and pools <= wrong and declared.may_be_at_least("sqlalchemy", FLAVOUR_CHECKED_SINCE):
        if given.get("poolclass", _NONE) != _NONE:
            yield Misfit("poolclass", min(filter(None, pools)))
            return
    if None in pools or (given.get("poolclass", _NONE) == _NONE and _is_chosen(engine)):
        return
    for name in given:
        if name in QUEUE_ARGUMENTS and not any(name in POOLS[pool] for pool in pools if pool):
            yield Misfit(name, min(filter(None, pools)))


def _meant(model: Model, engine: Made, name: str) -> str:
    """The pool's argument that an unknown one seems to be a misspelling of."""
    if name in POOL_ARGUMENTS or name in OTHER_ARGUMENTS or not re.search("pool|flow|ping", name):
        return ""
    from difflib import get_close_matches

    close = get_close_matches(name, sorted(POOL_ARGUMENTS), 1, _CLOSE)
    if close:
        return close[0]
    schemes = urls.engine_schemes(model, engine)
    own = all(
        scheme is not None and scheme.split("+")[0] in {"sqlite", *SERVERS} for scheme in schemes
    )
    return "something else" if own and name.startswith("pool_") else ""


def _is_chosen(engine: Made) -> bool:
    """Does a condition decide whether the engine is made, perhaps by its URL, which is not written in the call?"""
    call, frame = engine.call, engine.frame
    if call is None or frame is None:
        return True
    if call.args and isinstance(call.args[0], ast.Constant | ast.JoinedStr):
        return False
    block = frame.block
    inside: ast.AST = call
    for ancestor in block.ancestors(call):
        if isinstance(ancestor, ast.If | ast.IfExp | ast.Match | ast.ExceptHandler):
            return True
        body = getattr(ancestor, "body", None)
        if isinstance(body, list) and inside in body:
            for statement in body[: body.index(inside)]:
                if isinstance(statement, ast.If) and leaves(statement.body):
                    return True
        inside = ancestor
    return False
