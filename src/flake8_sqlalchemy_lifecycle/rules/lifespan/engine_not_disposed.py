"""Engine not disposed: an application ends and leaves an engine's connections open.

Finds lifespans, startup handlers and applications on whose shutdown path nobody calls `dispose()` of an engine: any
engine that is made at start-up, and an async engine that is made once (at module level, by the function that makes the
application, behind a cache, in an object that lives as long) and that the application uses. The `dispose()` may be
anywhere on the way: in a helper, a manager's `close()`, an exit stack, a context manager, a shutdown handler, in this
file or another.

## Why

An async engine's connections belong to an event loop. If the loop ends first, asyncpg, psycopg and aiosqlite can no
longer close them: the server keeps them until it notices, Python prints `The garbage collector is trying to clean up
non-checked-in connection`, aiosqlite's threads may keep the process from ending, and each reload or test adds some
more. An engine that a lifespan makes is made anew by each start.

## Bad

```python
import os
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

engine = create_async_engine(os.environ["DSN"])


@asynccontextmanager
async def lifespan(app: FastAPI):  # error: LSA203
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/count")
async def count() -> int:
    async with engine.connect() as connection:
        return await connection.scalar(text("select count(*) from item"))
```

## Good

```python
import os
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

engine = create_async_engine(os.environ["DSN"])


@asynccontextmanager
async def lifespan(app: FastAPI):
    try:
        yield
    finally:
        await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.get("/count")
async def count() -> int:
    async with engine.connect() as connection:
        return await connection.scalar(text("select count(*) from item"))
```

## Silent

Engines with `NullPool`, SQLite in memory, sync engines at module level (their sockets close with the process), what a
container or a class that the framework instantiates makes, WSGI applications, mounted applications (the one that
mounts them answers), engines that the lifespan hands to code that cannot be read, engines of modules that are
imported for something else, and those of a mounted application's lifespan, which never runs (LSA208). Advanced Alchemy
disposes the engine of its configuration; code that cannot be read, and gets both the application and the engine, may.

## Fix

Safe: a lifespan of the same file disposes the engine in its `finally`, which it gets if it has none. The engine has to
be made once, under a name: in the lifespan, at module level of the file, or in a module that the file imports. The
rest is left: there may be no lifespan yet, or the engine is kept in an object.

## Misses

Engines that reach their users by ways that cannot be followed, and a `dispose()` on an object of unknown type, which
could be any engine's.

## References

- https://docs.sqlalchemy.org/en/20/orm/extensions/asyncio.html#synopsis-core
- https://docs.sqlalchemy.org/en/20/core/connections.html#engine-disposal
- https://fastapi.tiangolo.com/advanced/events/
"""

from __future__ import annotations

from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...frameworks import ASGI
from ...model.inference import Model
from ...model.leftovers import Leftover, leftovers

RULE = Rule(
    code="LSA203",
    name="engine-not-disposed",
    wakes=(
        "FastAPI",
        "Starlette",
        "Litestar",
        "Quart",
        "Sanic",
        "web.Application",
        "Application(",
        "lifespan",
        "asynccontextmanager",
        "on_event",
        "add_event_handler",
        "on_startup",
        "cleanup_ctx",
        "_serving",
        "server_start",
        "_app",
        "app =",
    ),
    in_scripts=True,
    fix="safe",
    frameworks=ASGI,
)


@RULE.check
def engine_not_disposed(model: Model) -> Iterator[Finding]:
    """Report each engine that the apps and lifespans of the file leave open."""
    for left in leftovers(model):
        yield RULE.at(left.place, _message(left), *_evidence(left))


def _message(left: Leftover) -> str:
    made = f" ({left.path}:{left.line})" if left.is_elsewhere else ""
    return f"{left.name}{made} is never disposed: {left.advice}"


def _evidence(left: Leftover) -> Iterator[Evidence]:
    yield Evidence(left.path, left.line, f"{left.name} is made here")
