"""Dependency without clean-up: a session that stays open when the request fails.

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

## Misses

Sessions inside an object that is yielded, and what is handed to code that cannot be followed.

## References

- https://fastapi.tiangolo.com/tutorial/dependencies/dependencies-with-yield/
- https://docs.sqlalchemy.org/en/20/orm/session_basics.html#closing
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...model.dependencies import (
    FINISHES_GENERATORS,
    Dependency,
    activations,
    consumers,
    dependencies,
    is_dependency,
    targets,
)
from ...model.holding import Hold, has_session, is_closed_by, ways_out
from ...model.inference import Model
from ...model.places import is_test
from ...model.scopes import Block, Module
from ...model.sessions import Opened, handed_out, is_plain, opened_in
from ...model.values import Site
from ...model.ways import Way

RULE = Rule(
    code="LSA303",
    name="dependency-without-cleanup",
    wakes=("yield", "Depends", "Security", "Provide"),
    in_scripts=True,
)


@RULE.check
def dependency_without_cleanup(model: Model) -> Iterator[Finding]:
    """Yield the sessions that generators leave open, then those that plain functions return."""
    for function in model.linted.functions():
        if function.yields:
            yield from _yielded(model, function)
    yield from _returned(model)


def _yielded(model: Model, function: Block) -> Iterator[Finding]:
    frame = model.frame(function)
    given = (node.value for node in function.yields if isinstance(node, ast.Yield) and node.value)
    if not any(has_session(model, model.values(value, frame)) for value in given):
        return
    if not is_plain(model, frame):
        return
    for opened in opened_in(model, frame):
        unguarded = _unguarded(model, opened)
        if unguarded and _is_asked_for(model, function):
            node, when = unguarded
            evidence = Evidence(model.linted.display, node.lineno, "yielded here")
            yield RULE.at(opened.call, f"{opened.name} stays open {when}", evidence)


def _unguarded(model: Model, opened: Opened) -> tuple[ast.Yield, str] | None:
    """The `yield` of a session that stays open, and when it does."""
    out = ways_out(model, opened.frame, opened.session, opened.call)
    if any(state.hold is Hold.KEPT for states in out.values() for state in states):
        return None
    name = opened.frame.block.qualname
    left = {
        way: state.since
        for way, states in out.items()
        for state in states
        if state.hold is Hold.BUSY and isinstance(state.since, ast.Yield)
    }
    if Way.ERROR in left:
        when = f"when a request fails: {name}() has no `with` or `finally` around its `yield`"
    elif Way.CANCELLED in left:
        when = f"when a request is cancelled: no `finally` around the `yield` of {name}() ends it"
    else:
        when = f"after the request: {name}() ends with it in a transaction"
    return next(((since, when) for since in left.values()), None)


def _is_asked_for(model: Model, generator: Block) -> bool:
    """Is the generator a dependency of a framework that does not finish generators whatever happens?"""
    shown = is_dependency(model, generator)
    if shown is not None:
        return shown
    declared = model.project.declared(model.linted.path)
    return not any(declared.declares(library) for library in FINISHES_GENERATORS)


@dataclass(frozen=True, slots=True)
class _Cause:
    """An open session that a plain function returns, and the first dependency that nobody closes."""

    dependency: Dependency
    opened: Opened
    consumer: str


def _returned(model: Model) -> Iterator[Finding]:
    for cause in _causes(model, model.linted):
        opened, function = cause.opened, cause.opened.frame.block
        others = {opened.session.site.path, function.module.path} - {model.linted.path}
        if any(_is_reported_in(model, path, opened.session.site) for path in others):
            continue
        asked = cause.dependency.type.rpartition(".")[2]
        here = opened.call if opened.session.site.path == model.linted.path else None
        place = f"{function.module.display}:{opened.call.lineno}"
        chain = f"{cause.consumer} → {function.qualname}" if cause.consumer else function.qualname
        yield RULE.at(
            here or cause.dependency.call,
            f"{opened.name} stays open after the request, {asked}() does not close what a function "
            f"returns: {chain} ({place})",
            Evidence(function.module.display, opened.call.lineno, "opened here"),
        )


def _causes(model: Model, module: Module) -> Iterator[_Cause]:
    """The open sessions that a file asks for, each with its first dependency."""
    found: set[Site] = set()
    for dependency in dependencies(model, module):
        for target in targets(model, dependency):
            for frame in activations(model, target):
                if not is_plain(model, frame):
                    continue
                for opened in handed_out(model, frame):
                    if opened.session.site not in found:
                        consumer = _left_open_by(model, dependency, opened)
                        if consumer is not None:
                            found.add(opened.session.site)
                            yield _Cause(dependency, opened, consumer)


def _left_open_by(model: Model, dependency: Dependency, opened: Opened) -> str | None:
    """The name of a consumer of the same file that does not close the session, "" where it has none."""
    names = ""
    for block, _ in consumers(dependency):
        if not is_closed_by(model, model.frame(block), opened.session):
            return block.qualname
        names = block.qualname
    return None if names else ""


def _is_reported_in(model: Model, path: str, site: Site) -> bool:
    module = model.project.module(path)
    if module is None or is_test(module):
        return False
    return any(cause.opened.session.site == site for cause in _causes(model, module))
