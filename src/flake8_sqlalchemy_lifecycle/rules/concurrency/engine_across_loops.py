"""Engine across loops: an async engine keeps connections of an event loop that is gone.

Finds an async engine with a pool that is made once and used under several event loops: by `asyncio.run()` in a task,
a sync handler, several threads or a loop, or by a second `asyncio.run()` in the same process.

## Why

A connection of asyncpg belongs to the event loop that it was opened in. The pool keeps it when that loop is closed,
and gives it to the next one. The first run works; the second ends with

    RuntimeError: Task <Task pending …> got Future <Future pending …> attached to a different loop

and those after it with

    sqlalchemy.exc.InterfaceError: … cannot perform operation: another operation is in progress

`pool_pre_ping` does not help: every other run fails.

## Bad

```python
import asyncio

from celery import Celery
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

app = Celery("notes")
engine = create_async_engine("postgresql+asyncpg://localhost/notes")


async def clean() -> None:
    async with engine.begin() as connection:
        await connection.execute(text("delete from notes where done"))


@app.task
def clean_notes() -> None:
    asyncio.run(clean())  # error: LSA406
```

## Good

An engine without a pool for the tasks, or `await engine.dispose()` at the end of each run.

```python
import asyncio

from celery import Celery
from sqlalchemy import NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine

app = Celery("notes")
engine = create_async_engine("postgresql+asyncpg://localhost/notes", poolclass=NullPool)


async def clean() -> None:
    async with engine.begin() as connection:
        await connection.execute(text("delete from notes where done"))


@app.task
def clean_notes() -> None:
    asyncio.run(clean())
```

## Silent

`NullPool`; engines that are made or disposed within each run; psycopg, aiosqlite and other drivers that are known and
are not asyncpg; one `asyncio.Runner`; a loop that is made once and kept; a lone `asyncio.run(engine.dispose())`.

## Misses

A single thread with a loop beside the main one, and coroutines that the linter cannot follow.

## References

- https://docs.sqlalchemy.org/en/20/orm/extensions/asyncio.html#using-multiple-asyncio-event-loops
"""

from __future__ import annotations

from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...frameworks import ASYNCIO, TASK_QUEUES, WEB
from ...model.inference import Model
from ...model.loops import engines_across_loops

RULE = Rule(
    code="LSA406",
    name="engine-across-loops",
    wakes=("asyncio", "uvloop", "task", "actor", "flask", "Depends", "@app"),
    in_scripts=True,
    frameworks=(*WEB, *TASK_QUEUES, *ASYNCIO),
)


@RULE.check
def engine_across_loops(model: Model) -> Iterator[Finding]:
    for across in engines_across_loops(model):
        site = across.engine.site
        module = model.project.module(site.path)
        display = module.display if module is not None else model.linted.display
        user = f"{across.coroutine.name}() uses an engine ({display}:{site.line})"
        message = f"{user} that keeps connections of other event loops"
        evidence = Evidence(display, site.line, "the engine")
        yield RULE.at(across.node, f"{message}: {across.why}", evidence)
