"""Mounted lifespan: a mounted application has a lifespan, which nothing runs.

Finds `mount()`, `host()`, `Mount` and `Host` of Starlette and FastAPI that are given an app or router with a lifespan
or with event handlers of its own.

## Why

Only the outermost app is started and stopped by the server. The lifespan of a mounted one never runs, in any version,
and nothing says so: its state stays empty (`AttributeError: 'State' object has no attribute 'engine'` at the first
request), what it should close stays open.

## Bad

```python
import os
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine


@asynccontextmanager
async def admin_lifespan(app: FastAPI):
    app.state.engine = create_async_engine(os.environ["DSN"])
    try:
        yield
    finally:
        await app.state.engine.dispose()


admin = FastAPI(lifespan=admin_lifespan)
app = FastAPI()
app.mount("/admin", admin)  # error: LSA208
```

## Good

```python
import os
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine


@asynccontextmanager
async def admin_lifespan(app: FastAPI):
    app.state.engine = create_async_engine(os.environ["DSN"])
    try:
        yield
    finally:
        await app.state.engine.dispose()


admin = FastAPI(lifespan=admin_lifespan)


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with admin_lifespan(admin):
        yield


app = FastAPI(lifespan=lifespan)
app.mount("/admin", admin)
```

## Silent

An outer lifespan that enters the inner one, calls its handlers or is the same one; an outer app that is a parameter or
whose lifespan cannot be read; routers that are included: their lifespan runs.

## Misses

Apps behind a middleware that wraps them, and lists of routes that another file turns into an app.

## References

- https://www.starlette.io/lifespan/
- https://fastapi.tiangolo.com/advanced/events/#sub-applications
"""

from __future__ import annotations

from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...frameworks import STARLETTE
from ...model.inference import Model
from ...model.mounts import mounted

RULE = Rule(
    code="LSA208",
    name="mounted-lifespan",
    needs_sqlalchemy=False,
    wakes=("mount(", "Mount(", "host(", "Host("),
    in_scripts=True,
    frameworks=STARLETTE,
)


@RULE.check
def mounted_lifespan(model: Model) -> Iterator[Finding]:
    """Report each mount of an app whose lifespan or event handlers nothing runs."""
    for found in mounted(model):
        path, line = found.runs.module.display, getattr(found.runs.node, "lineno", 1)
        name = found.runs.name
        message = f"{name}() ({path}:{line}) never runs: enter it in the lifespan of the outer app"
        yield RULE.at(found.node, message, Evidence(path, line, f"{name}() of the mounted app"))
