"""Deprecated event handler: start-up and shutdown code is registered as an event, not in a lifespan.

Finds `on_event()`, `add_event_handler()`, `on_startup=` and `on_shutdown=` of FastAPI, APIRouter, Starlette and Router.

## Why

Starlette deprecated events in 0.26 and removed them in 1.0:
`AttributeError: 'Starlette' object has no attribute 'on_event'`,
`TypeError: Starlette.__init__() got an unexpected keyword argument 'on_startup'`, and on FastAPI, which inherited it,
`AttributeError: 'FastAPI' object has no attribute 'add_event_handler'`. FastAPI keeps the rest, with
`DeprecationWarning: on_event is deprecated, use lifespan event handlers instead.`

A lifespan holds both ends of what it opens in one function, so that an engine made there is disposed there. With
handlers, when one fails at start-up, no shutdown handler runs.

## Bad

```python
import os

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine

engine = create_async_engine(os.environ["DSN"])
app = FastAPI()


@app.on_event("shutdown")  # error: LSA201
async def close() -> None:
    await engine.dispose()
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

Methods of the same names of other libraries and of the project's own classes; FastAPI before 0.93 and Starlette before
0.26, which have no lifespan to move to.

## Fix

Safe: all handlers of the app become one lifespan. They stay where they are, without their decorator, and are called by
it in the order in which the framework runs them: those of the start as registered, then `yield`, then in `finally`
those of the shutdown, as registered too. It is written above the app, or above the function that makes the app if it
needs nothing of that. A handler that a call makes is kept in a name, where the call was. Comments at a registration
move with it.

A handler that stayed outside would never run again. So it is all or nothing, and nothing, where the app is made in
another file, another file registers handlers too, a handler is registered under a condition, in a loop or in a
function apart from the app, one bears `# noqa`, or it is not known whether it is to be awaited.

Handlers of a router become the router's lifespan, if every FastAPI that is declared runs that (0.112.2 and later). They
then start after those of the app and end before them; and they run once, also where they ran twice (LSA207).

## Misses

An app that is a parameter without annotation, unless this file passes an app for it.

## References

- https://fastapi.tiangolo.com/advanced/events/
- https://www.starlette.io/lifespan/
- https://www.starlette.io/release-notes/
"""

from __future__ import annotations

from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Finding
from ...frameworks import STARLETTE
from ...model.event_runs import handled_events, is_removed, replacement
from ...model.inference import Model

RULE = Rule(
    code="LSA201",
    name="deprecated-event-handler",
    needs_sqlalchemy=False,
    wakes=("on_event", "add_event_handler", "on_startup", "on_shutdown"),
    in_tests=True,
    in_scripts=True,
    fix="safe",
    frameworks=STARLETTE,
)


@RULE.check
def deprecated_event_handler(model: Model) -> Iterator[Finding]:
    """Report every event handler that is not reported as dead."""
    for event in handled_events(model):
        if replacement(model, event) is not None:
            continue
        fate = "was removed in Starlette 1.0" if is_removed(model, event) else "is deprecated"
        yield RULE.at(event.node, f"{event.spelled} {fate}, use a lifespan")
