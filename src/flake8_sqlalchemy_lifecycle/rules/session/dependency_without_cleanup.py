"""Dependency without clean-up: a dependency leaves its session open when the request fails.

Finds dependencies that yield a session of their own with nothing around the `yield` that gives it back, and plain
functions that return an open session to `Depends`, `Security` or `Provide`.

## Why

When a handler raises, FastAPI throws the exception into the generator, at its `yield`. What stands below never runs:
the connection stays `idle in transaction` until Python's cyclic garbage collector happens to run. Every 404 costs one,
and soon each request waits, and fails with `sqlalchemy.exc.TimeoutError: QueuePool limit of size 5 overflow
10 reached, connection timed out, timeout 30.00`. A session that a plain function returns is closed by nobody at all.

## Bad

```python
from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

app = FastAPI()
maker = sessionmaker(create_engine("sqlite:///notes.db"))


def get_db() -> Iterator[Session]:
    session = maker()  # error: LSA303
    yield session
    session.close()


@app.get("/count")
def count(db: Annotated[Session, Depends(get_db)]) -> int | None:
    return db.scalar(text("select count(*) from note"))
```

## Good

```python
from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

app = FastAPI()
maker = sessionmaker(create_engine("sqlite:///notes.db"))


def get_db() -> Iterator[Session]:
    with maker() as session:
        yield session


@app.get("/count")
def count(db: Annotated[Session, Depends(get_db)]) -> int | None:
    return db.scalar(text("select count(*) from note"))
```

## Silent

A session that a sub-dependency or a middleware owns; a commit, rollback or close on every way out; generators that
`contextmanager` decorates or wraps (LSA312), that a container or pytest finishes; a returned session that the handler
itself closes.

## Fix

Safe: a generator yields its session under a `with`, in place of its `close()`. A function that returns one is left.

## Misses

Sessions inside an object that is yielded, and what is handed to code that cannot be followed.

## References

- https://fastapi.tiangolo.com/tutorial/dependencies/dependencies-with-yield/
- https://docs.sqlalchemy.org/en/20/orm/session_basics.html#closing
"""

from __future__ import annotations

from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...model.inference import Model
from ...model.providers import left_open, unguarded
from ...model.ways import Way

RULE = Rule(
    code="LSA303",
    name="dependency-without-cleanup",
    wakes=("yield", "Depends", "Security", "Provide"),
    in_scripts=True,
    fix="safe",
    frameworks=("FastAPI", "Litestar"),
)


@RULE.check
def dependency_without_cleanup(model: Model) -> Iterator[Finding]:
    """Yield the sessions that generators leave open, then those that plain functions return."""
    for function in model.linted.functions():
        for opened, node, way in unguarded(model, function):
            name = f"{function.qualname}()"
            match way:
                case Way.ERROR:
                    when = f"a request fails: no `with` or `finally` around the `yield` of {name}"
                case Way.CANCELLED:
                    when = f"a request is cancelled: no `finally` around the `yield` of {name}"
                case _:
                    when = f"a request is done: nothing below the `yield` of {name}"
            evidence = Evidence(model.linted.display, node.lineno, "yielded here")
            yield RULE.at(opened.call, f"{opened.name} stays open when {when} closes it", evidence)
    for dependency, opened, consumer in left_open(model):
        function = opened.frame.block
        here = opened.session.site.path == model.linted.path
        path, line = function.module.display, opened.call.lineno
        chain = f"{consumer} → {function.qualname}" if consumer else function.qualname
        yield RULE.at(
            opened.call if here else dependency.call,
            f"{opened.name} stays open after each request: {dependency.name}() does not close what "
            f"a function returns: {chain} ({path}:{line})",
            Evidence(path, line, "opened here"),
        )
