"""Scoped session in async: the tasks of an event loop share one session of a thread's registry.

Finds a `scoped_session` that is keyed by the thread and used in an `async def`, or handed out by a dependency of an
ASGI framework; and an `async_scoped_session` whose `scopefunc` gives the same answer to all tasks.

## Why

All tasks of an event loop run in one thread, so a registry keyed by the thread gives all of them the same session.
Nothing is raised: a `rollback()` or `remove()` in one task throws away what another has added, and the other's
`commit()` returns normally with no row stored.

A plain `def` dependency fares no better. FastAPI runs it, the endpoint and the clean-up in different threads:
`remove()` finds an empty registry, and the connection of the real session stays "idle in transaction".

## Bad

```python
from sqlalchemy import create_engine
from sqlalchemy.orm import scoped_session, sessionmaker

Session = scoped_session(sessionmaker(create_engine("sqlite:///notes.db")))


async def store(note) -> None:
    Session.add(note)  # error: LSA404
    Session.commit()
```

## Good

```python
from asyncio import current_task

from sqlalchemy.ext.asyncio import async_scoped_session, async_sessionmaker, create_async_engine

maker = async_sessionmaker(create_async_engine("sqlite+aiosqlite:///notes.db"))
Session = async_scoped_session(maker, scopefunc=current_task)


async def store(note) -> None:
    try:
        Session.add(note)
        await Session.commit()
    finally:
        await Session.remove()
```

A session that is opened where it is needed, `async with maker() as session:`, wants no registry at all.

## Silent

A `scopefunc` that is `current_task`, asks a `ContextVar`, or is not known; what runs in `to_thread`; Flask's and
Django's async views, each of which has a loop of its own.

## Misses

Registries that come in as parameters, and plain dependencies that return a registry's session from another file.

A sync registry in an `async def` handler blocks the event loop as well: LSA307 says so, on the same line.

## References

- https://docs.sqlalchemy.org/en/20/orm/contextual.html
- https://docs.sqlalchemy.org/en/20/orm/extensions/asyncio.html#using-asyncio-scoped-session
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...frameworks import ASGI, ASYNCIO
from ...model.inference import Model
from ...model.registries import WORDS, Use
from ...model.shared_registries import dependency_uses, shared_async_registries, uses_in_async

RULE = Rule(
    code="LSA404",
    name="scoped-session-in-async",
    wakes=("async def", "Depends", "yield", *WORDS),
    in_scripts=True,
    frameworks=(*ASGI, *ASYNCIO),
)


@RULE.check
def scoped_session_in_async(model: Model) -> Iterator[Finding]:
    for creation, scope in shared_async_registries(model):
        yield RULE.at(creation, f"all tasks share one session: the registry's scope is {scope}")
    handed_out = list(dependency_uses(model))
    for use in handed_out:
        yield _finding(model, use, "hands out a registry's session, which is one thread's alone")
    reported = {use.registry.site for use in handed_out}
    places = {_place(use) for use in handed_out}  # one global may hold one of several registries
    for use in uses_in_async(model):
        if use.registry.site not in reported and _place(use) not in places:
            reported.add(use.registry.site)
            places.add(_place(use))
            yield _finding(model, use, "uses a thread's registry: all tasks share its session")


def _place(use: Use) -> ast.AST:
    return use.block.statement(use.node) or use.node


def _finding(model: Model, use: Use, what: str) -> Finding:
    site = use.registry.site
    module = model.project.module(site.path)
    display = module.display if module is not None else model.linted.display
    evidence = Evidence(display, site.line, "the registry")
    return RULE.at(use.node, f"{use.block.name}() {what} ({display}:{site.line})", evidence)
