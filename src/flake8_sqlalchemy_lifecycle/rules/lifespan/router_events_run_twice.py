"""Router events run twice: an application without lifespan includes a router that has event handlers.

Finds `include_router()` of a FastAPI application without lifespan, for routers with handlers of their own or of
routers that they include.

## Why

Since FastAPI 0.112.2 an include merges the router's lifespan into the app's, and the router's default lifespan runs
its handlers; into an app without lifespan it copies them as well. So each of them runs twice, at the start and at the
end (up, up, down, down), and nothing says so: two engines are made and one of them is lost, a table is filled twice.

## Bad

```python
from fastapi import APIRouter, FastAPI

router = APIRouter()


@router.on_event("startup")
async def fill_cache() -> None:
    print("filling")


app = FastAPI()
app.include_router(router)  # error: LSA207
```

## Good

```python
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI


@asynccontextmanager
async def fill_cache(app: FastAPI):
    print("filling")
    yield


router = APIRouter(lifespan=fill_cache)
app = FastAPI()
app.include_router(router)
```

## Silent

Apps with a lifespan, routers with one, handlers that are registered after the include, an app that is a parameter, and
FastAPI before 0.112.2. That events are deprecated is what LSA201 says.

## Misses

Routers and apps that meet in a function which gets both of them.

## References

- https://fastapi.tiangolo.com/release-notes/
- https://fastapi.tiangolo.com/advanced/events/
"""

from __future__ import annotations

from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...model.inference import Model
from ...model.twice import run_twice

RULE = Rule(
    code="LSA207",
    name="router-events-run-twice",
    needs_sqlalchemy=False,
    wakes=("include_router",),
    in_scripts=True,
    frameworks=("FastAPI",),
)


@RULE.check
def router_events_run_twice(model: Model) -> Iterator[Finding]:
    """Report each include that makes event handlers of a router run twice."""
    for found in run_twice(model):
        event = found.event
        path, line = event.block.module.display, event.node.lineno
        names = ", ".join(f"{handler.block.name}()" for handler in event.handlers)
        message = (
            f"{names} ({path}:{line}) runs twice: give the router a lifespan instead of events"
        )
        yield RULE.at(found.node, message, Evidence(path, line, event.spelled))
