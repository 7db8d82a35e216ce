"""Blocking session in async: synchronous database calls stop the event loop.

Finds I/O on a synchronous `Session`, `Connection` or `Engine` in an `async def` that runs on the request path (a
handler, async dependency, middleware) or as an operation (a bot's handler, resolver, background task), directly, or
through a plain function, constructor or property of the project that it calls.

## Why

Nothing else runs on the event loop until the database has answered: every other request, WebSocket and timer of the
process waits. A query of half a second stalls all of them for half a second, and where a connection of a full pool
is waited for, the requests that would give one back cannot go on either: for 30 seconds the process is dead, then
`sqlalchemy.exc.TimeoutError: QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00`.

## Bad

```python
from typing import Annotated

from fastapi import Depends, FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

app = FastAPI()
engine = create_engine("sqlite:///notes.db")


def get_db():
    with Session(engine) as session:
        yield session


@app.get("/count")
async def count(db: Annotated[Session, Depends(get_db)]) -> int | None:
    return db.scalar(text("select count(*) from note"))  # error: LSA307
```

## Good

A plain `def` handler runs in a thread. An async one wants an `AsyncSession`, or a thread for the database's part.

```python
from typing import Annotated

from fastapi import Depends, FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

app = FastAPI()
engine = create_engine("sqlite:///notes.db")


def get_db():
    with Session(engine) as session:
        yield session


@app.get("/count")
def count(db: Annotated[Session, Depends(get_db)]) -> int | None:
    return db.scalar(text("select count(*) from note"))
```

## Silent

What runs in `run_sync`, `to_thread`, `run_in_threadpool` or an executor; plain `def` handlers; a session that is only
opened and closed; async views of Flask, each of which has a loop of its own.

## Misses

Attributes that are loaded when they are read, and handlers that the linter does not know to be any.

## References

- https://fastapi.tiangolo.com/async/
- https://docs.sqlalchemy.org/en/20/orm/extensions/asyncio.html
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...frameworks import ASYNC, GRAPHQL
from ...model.inference import Model
from ...model.on_loop import Blocked, blocked_first

RULE = Rule(
    code="LSA307",
    name="blocking-session-in-async",
    wakes=(
        *("async def", "Depends", "Route(", "Handler(", "register", "functions", "job_queue"),
        *("add_task", "add_job", "add_api_route", "add_route", "add_url_rule", "add_listener"),
        *("add_error_handler", "add_websocket", "add_get", "add_post", "web.get(", "web.post("),
    ),
    frameworks=ASYNC + GRAPHQL,
)


@RULE.check
def blocking_session_in_async(model: Model) -> Iterator[Finding]:
    for blocked in blocked_first(model):
        place = blocked.place(model.linted)
        if place is not None:
            yield _finding(blocked, place)


def _finding(blocked: Blocked, place: ast.expr) -> Finding:
    wait = blocked.wait
    called = _short(wait.io)
    message = f"{called} blocks the event loop: {blocked.chain}"
    if wait.io is place:
        return RULE.at(place, message)
    path, line = wait.end.module.display, wait.io.lineno
    evidence = Evidence(path, line, f"{called} waits for the database")
    return RULE.at(place, f"{message} ({path}:{line})", evidence)


def _short(node: ast.expr) -> str:
    """`db.execute()`, `db.query().all()`."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name() | ast.Attribute()) as method):
            return f"{ast.unparse(method)}()"
        case ast.Call(func=ast.Attribute(value=inner, attr=name)):
            while isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
                if isinstance(inner.func.value, ast.Name | ast.Attribute):
                    return f"{ast.unparse(inner.func)}().{name}()"
                inner = inner.func.value
            return f"{name}()"
        case ast.Name(id=name):
            return name
    return "the query"
