"""Lifespan not wired: a lifespan is written and no application is given it.

Finds a function that is a lifespan by its shape (an `asynccontextmanager` that takes the app, and yields nothing or a
mapping) that nothing refers to, in a module that builds an app without a lifespan.

## Why

Nothing tells that it does not run. The app starts and serves; what the lifespan should have opened is missing at the
first request that needs it: `AttributeError: 'State' object has no attribute 'engine'`, and what it should have
closed stays open.

## Bad

```python
import os
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine


@asynccontextmanager
async def lifespan(app: FastAPI):  # error: LSA205
    app.state.engine = create_async_engine(os.environ["DSN"])
    try:
        yield
    finally:
        await app.state.engine.dispose()


app = FastAPI()
```

## Good

```python
import os
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.engine = create_async_engine(os.environ["DSN"])
    try:
        yield
    finally:
        await app.state.engine.dispose()


app = FastAPI(lifespan=lifespan)
```

## Silent

A lifespan whose name is read anywhere in its file, is in `__all__`, or is said by a file that imports this one.

## Fix

Safe, as nothing else does its work: `lifespan=` is added to the construction of the app, if that stands in the same
file. A lifespan below the app moves above it. Left is an app with event handlers, which would not run any more, and
which of several apps or lifespans is meant.

## Misses

A lifespan in a module of its own that everybody forgot.

## References

- https://fastapi.tiangolo.com/advanced/events/#lifespan
- https://www.starlette.io/lifespan/
"""

from __future__ import annotations

from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...frameworks import STARLETTE
from ...model.inference import Model
from ...model.unwired import unwired

RULE = Rule(
    code="LSA205",
    name="lifespan-not-wired",
    needs_sqlalchemy=False,
    wakes=("asynccontextmanager",),
    in_scripts=True,
    fix="safe",
    frameworks=(*STARLETTE, "Litestar"),
)


@RULE.check
def lifespan_not_wired(model: Model) -> Iterator[Finding]:
    """Report each lifespan of the file that nothing refers to, if an app beside it has none."""
    for found in unwired(model):
        path = model.project.display(found.app.path)
        message = (
            f"{found.block.name}() never runs: no app is given it; "
            f"the one of {path}:{found.app.line} has no lifespan"
        )
        evidence = Evidence(path, found.app.line, "an app without lifespan")
        yield RULE.at(found.place, message, evidence)
