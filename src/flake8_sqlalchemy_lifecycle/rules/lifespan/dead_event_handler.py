"""Dead event handler: a start-up or shutdown handler never runs, because a lifespan takes its place.

Finds event handlers on an app that has a lifespan, on a router with a lifespan of its own inside such an app, and on
a router that was included before `app.router.lifespan_context` was replaced.

## Why

What runs event handlers is the default lifespan. An app that is given another one drops its handlers without a word;
the only sign is what did not happen, such as `sqlite3.OperationalError: no such table: notes` at the first request.
(Starlette before 1.0 does refuse `lifespan=` and `on_startup=` side by side:
`AssertionError: Use either 'lifespan' or 'on_startup'/'on_shutdown', not both.`)

## Bad

```python
import os
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine

engine = create_async_engine(os.environ["DSN"])


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with engine.begin() as connection:
        await connection.exec_driver_sql("create table if not exists notes (body text)")
    try:
        yield
    finally:
        await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.on_event("startup")  # error: LSA202
async def fill_tables() -> None:
    async with engine.begin() as connection:
        await connection.exec_driver_sql("insert into notes values ('first')")
```

## Good

```python
import os
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine

engine = create_async_engine(os.environ["DSN"])


async def fill_tables() -> None:
    async with engine.begin() as connection:
        await connection.exec_driver_sql("insert into notes values ('first')")


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with engine.begin() as connection:
        await connection.exec_driver_sql("create table if not exists notes (body text)")
    await fill_tables()
    try:
        yield
    finally:
        await engine.dispose()


app = FastAPI(lifespan=lifespan)
```

## Silent

Handlers of an included router without a lifespan: they run beside the app's lifespan. A lifespan that runs the handlers
itself. (LSA201 finds both.)

## Fix

Unsafe: the handlers join the lifespan, and so run for the first time. Look whether the lifespan does their work
already. Those of the start are called right before its `yield`, those of the shutdown right after it, in `finally`.
The lifespan has to be in the same file, to yield in one place, and to be that of this app alone.

## Misses

An app that is given its lifespan in a file that the file with the handlers does not import.

## References

- https://fastapi.tiangolo.com/advanced/events/#alternative-events-deprecated
- https://www.starlette.io/lifespan/
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...frameworks import STARLETTE
from ...model.event_runs import handled_events, replacement
from ...model.inference import Model

RULE = Rule(
    code="LSA202",
    name="dead-event-handler",
    needs_sqlalchemy=False,
    wakes=("on_event", "add_event_handler", "on_startup", "on_shutdown"),
    in_tests=True,
    in_scripts=True,
    fix="unsafe",
    frameworks=STARLETTE,
)


@RULE.check
def dead_event_handler(model: Model) -> Iterator[Finding]:
    """Report every event handler whose app or router has a lifespan that does not run it."""
    for event in handled_events(model):
        lifespans = replacement(model, event)
        if lifespans is None:
            continue
        evidence = [
            Evidence(block.module.display, block.node.lineno, f"the lifespan {block.name}")
            for block in (frame.block for frame in lifespans.frames)
            if not isinstance(block.node, ast.Module)
        ]
        where = f" ({evidence[0].path}:{evidence[0].line})" if evidence else ""
        handlers = ", ".join(handler.block.name for handler in event.handlers) or "its handlers"
        message = f"{event.spelled} never runs {handlers}: the lifespan{where} takes its place"
        yield RULE.at(event.node, message, *evidence)
