"""Dispose not guaranteed: a lifespan disposes its engine only when nothing goes wrong.

Finds a `dispose()` (or what leads to it: a helper, a manager's `close()`, a context manager) that follows a bare
`yield` of a lifespan, or stands in the `else` of a `try`.

## Why

An exception comes in at the `yield` when the server cancels the lifespan, or when the lifespan of an included router
fails at its start or its end. What follows a bare `yield` is then skipped, without a word: the engine's connections
stay open on the server, and with asyncpg Python says `The garbage collector is trying to clean up non-checked-in
connection`.

## Bad

```python
import os
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine

engine = create_async_engine(os.environ["DSN"])


@asynccontextmanager
async def lifespan(app: FastAPI):
    yield
    await engine.dispose()  # error: LSA204


app = FastAPI(lifespan=lifespan)
```

## Good

```python
import os
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine

engine = create_async_engine(os.environ["DSN"])


@asynccontextmanager
async def lifespan(app: FastAPI):
    try:
        yield
    finally:
        await engine.dispose()


app = FastAPI(lifespan=lifespan)
```

## Silent

`with` and exit stacks around the `yield`; generators of aiohttp, Quart and pytest, which are resumed and get nothing
thrown in; engines with `NullPool`.

## Fix

Safe: `yield` goes into a `try`, and what follows it into its `finally`.

## Misses

A clean-up in the `finally` that raises before the `dispose()` that stands below it.

## References

- https://docs.python.org/3/library/contextlib.html#contextlib.asynccontextmanager
- https://fastapi.tiangolo.com/advanced/events/#lifespan
- https://docs.sqlalchemy.org/en/20/core/connections.html#engine-disposal
"""

from __future__ import annotations

from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...frameworks import STARLETTE
from ...model.guarantees import skipped_here
from ...model.inference import Model
from ...model.usage import name_of

RULE = Rule(
    code="LSA204",
    name="dispose-not-guaranteed",
    wakes=("lifespan", "asynccontextmanager"),
    in_scripts=True,
    fix="safe",
    frameworks=(*STARLETTE, "Litestar"),
)


@RULE.check
def dispose_not_guaranteed(model: Model) -> Iterator[Finding]:
    """Report each disposal of a lifespan that an exception at its yield passes over."""
    for skip, place in skipped_here(model):
        made = skip.engine.site
        path = model.project.display(made.path)
        name = name_of(model, skip.engine)
        elsewhere = "" if made.path == model.linted.path else f" ({path}:{made.line})"
        where = f" in {skip.where}" if skip.frame.block.module is not model.linted else ""
        message = f"{name}{elsewhere} is not disposed{where} when something is raised at the yield"
        yield RULE.at(place, message, Evidence(path, made.line, f"{name} is made here"))
