"""Driver mismatch: an engine gets the URL of a driver that it cannot use.

Finds `create_async_engine()` with the URL of a sync driver and `create_engine()` with that of a driver that only
serves asyncio, wherever the URL is written: in the call, at the beginning of an f-string, in a constant or a settings
field of another module, in `URL.create()`, `make_url()` or `url.set(drivername=...)`, or as the default of an
environment variable.

## Why

`create_async_engine("sqlite:///notes.db")` raises at once:
`InvalidRequestError: The asyncio extension requires an async driver to be used. The loaded 'pysqlite' is not async.`

`create_engine("sqlite+aiosqlite:///notes.db")` constructs without complaint and fails at its first query:
`MissingGreenlet: greenlet_spawn has not been called; can't call await_() here.`

Test code and scripts are looked at as well.

## Bad

```python
import os

from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine

URL = os.environ.get("DATABASE_URL", "sqlite:///notes.db")

engine = create_async_engine(URL)  # error: LSA105
migrator = create_engine("postgresql+asyncpg://localhost/notes")  # error: LSA105
```

## Good

```python
from sqlalchemy import create_engine, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

URL = make_url("postgresql+asyncpg://localhost/notes")

engine = create_async_engine(URL)
migrator = create_engine(URL.set(drivername="postgresql+psycopg2"))
wrapped = AsyncEngine(create_engine(URL))
both = create_engine("postgresql+psycopg://localhost/notes")
```

## Fix

Unsafe: puts aiosqlite, asyncpg or aiomysql into the URL for asyncio, and the sync driver of the same database for a
plain engine, where the URL is written in the call. The driver must be installed, and has other options than the former.

## Misses

URLs that only come into being at run time, and the dialects of other packages. `postgresql://` and `oracle://` are
psycopg and oracledb since SQLAlchemy 2.1, which serve both: they are reported only where the versions that the project
declares exclude it.

## References

- https://docs.sqlalchemy.org/en/21/orm/extensions/asyncio.html#sqlalchemy.ext.asyncio.create_async_engine
- https://docs.sqlalchemy.org/en/21/dialects/index.html
- https://docs.sqlalchemy.org/en/21/errors.html#error-xd2s
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...model import attributes, calls, urls
from ...model.creations import names_that_lead_to_creations
from ...model.inference import Model
from ...model.knowledge import CREATOR_WORDS, CREATORS
from ...model.knowledge.drivers import ASYNC_ONLY, SERVES_BOTH_SINCE, SYNC_ONLY
from ...model.origins import written_at
from ...model.trials import is_tried_out
from ...model.values import Frame, Made, Site

RULE = Rule(
    code="LSA105",
    name="driver-mismatch",
    wakes=CREATOR_WORDS,
    in_tests=True,
    in_scripts=True,
    fix="unsafe",
)
_DEPTH = 3


@RULE.check
def driver_mismatch(model: Model) -> Iterator[Finding]:
    """Report the calls that make an engine with a driver of the other kind."""
    names = names_that_lead_to_creations(model) | model.linted.spellings(*CREATOR_WORDS)
    for call, block in model.linted.calls():
        if calls.spelled(call) in names and not is_tried_out(call, block):
            for engine in _mismatched(model, call, model.frame(block), names, _DEPTH):
                yield _finding(model, call, engine)
                break


def _mismatched(
    model: Model, call: ast.Call, frame: Frame, names: frozenset[str], depth: int
) -> Iterator[Made]:
    """The wrong engines that a call makes itself, or that are wrong because of the arguments which it passes on."""
    callees = model.values(call.func, frame)
    if not CREATORS.keys().isdisjoint(calls.names_of(model, callees)):
        for made in model.values(call, frame):
            if isinstance(made, Made) and made.call is call and _is_wrong(model, made):
                yield made
    if not depth:
        return
    for callee in callees:
        for activation in calls.activations(model, callee, call, frame):
            if not any(urls.may_hold_url(values) for _, values in activation.args):
                continue
            unaware = model.frame(activation.block)
            for inner in activation.block.calls:
                if calls.spelled(inner) in names:
                    found = list(_mismatched(model, inner, activation, names, depth - 1))
                    if found and not any(_mismatched(model, inner, unaware, names, depth - 1)):
                        yield from found


def _is_wrong(model: Model, engine: Made) -> bool:
    schemes = urls.engine_schemes(model, engine)
    if attributes.is_async(model, engine):
        declared = model.project.declared(model.linted.path)
        sync = SYNC_ONLY | {
            name
            for name, version in SERVES_BOTH_SINCE.items()
            if name in schemes and not declared.may_be_at_least("sqlalchemy", version)
        }
        return bool(schemes) and schemes <= sync
    if _is_wrapped(model, engine):
        return bool(schemes) and schemes <= SYNC_ONLY
    return bool(schemes) and schemes <= ASYNC_ONLY and not urls.falls_back(model, engine)


def _is_wrapped(model: Model, engine: Made) -> bool:
    return not attributes.is_async(model, engine) and urls.is_wrapped(model, engine)


def _finding(model: Model, call: ast.Call, engine: Made) -> Finding:
    scheme = min(filter(None, urls.engine_schemes(model, engine)))
    flavour = "an asyncio" if scheme in ASYNC_ONLY else "a sync"
    creator = "AsyncEngine" if _is_wrapped(model, engine) else urls.creator_of(model, engine)
    message = f"{creator}() gets the URL of {flavour} driver, {scheme}"
    place: Site | None = None
    if engine.call is not call:
        message += f", through {ast.unparse(call.func)}()"
        place = engine.site
    elif engine.frame is not None:
        url = urls.url_argument(model, call, engine.frame)
        place = written_at(model, url, engine.frame) if url is not None else None
    if place is None or (engine.call is call and place.path == model.linted.path):
        return RULE.at(call, message)
    shown = Evidence(model.project.display(place.path), place.line, message)
    return RULE.at(call, f"{message} ({shown.path}:{shown.line})", shown)
