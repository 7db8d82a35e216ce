"""Dependency called by hand: nobody runs the clean-up of a generator that lends a session.

Finds `next(get_db())`, `get_db().__next__()`, `await anext(get_db())`, and `async for session in
get_db():` that is left by `break` or `return`, or waits at a `yield`: of generators that yield a
session or connection.

## Why

FastAPI resumes a dependency behind its `yield`, and so closes the session. Who calls `next()` by
hand must do that too; if not, Python does it when it throws the generator away. That is the wrong
time: a plain generator dies with the expression, so that its session is closed before the first
query, begins anew, silently, and is never closed again: the pool runs dry with
`sqlalchemy.exc.TimeoutError: QueuePool limit of size 5 overflow 10 reached, connection timed out,
timeout 30.00`. An async one is closed by the event loop some time later, perhaps in the middle of a
query: `sqlalchemy.exc.IllegalStateChangeError: Method 'close()' can't be called here; method
'_connection_for_bind()' is already in progress`.

## Bad

```python
from collections.abc import Iterator

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

engine = create_engine("sqlite:///notes.db")


def get_db() -> Iterator[Session]:
    with Session(engine) as session:
        yield session


def purge() -> None:
    session = next(get_db())  # error: LSA313
    session.execute(text("delete from note"))
    session.commit()
```

## Good

```python
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

engine = create_engine("sqlite:///notes.db")


def get_db() -> Iterator[Session]:
    with Session(engine) as session:
        yield session


def purge() -> None:
    with contextmanager(get_db)() as session:
        session.execute(text("delete from note"))
        session.commit()
```

## Silent

A generator that is kept and closed, or handed on; a session that is itself closed in a `finally` or
by a `with`; functions that `contextmanager` decorates; an `async for` that runs to its end.

## Misses

Generators that are kept in attributes, and sessions that are stored or handed to code that cannot be followed.

## References

- https://docs.python.org/3/reference/expressions.html#asynchronous-generator-functions
- https://fastapi.tiangolo.com/tutorial/dependencies/dependencies-with-yield/
"""

from __future__ import annotations

from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...model.by_hand import Left, lent_by_hand
from ...model.inference import Model

RULE = Rule(
    code="LSA313",
    name="dependency-called-by-hand",
    wakes=("next(", "next__(", "async for "),
)

_HOW = {
    Left.STEPPED: "it is run by hand",
    Left.EARLY: "this loop is left before its end",
    Left.RAISED: "an exception at this loop's own `yield` ends it early",
}


@RULE.check
def dependency_called_by_hand(model: Model) -> Iterator[Finding]:
    """Yield the calls that take a session out of a generator and leave the generator alone."""
    for block in model.linted.blocks():
        for lent in lent_by_hand(model, block):
            generator = lent.generator
            path, line = generator.module.display, generator.yields[0].lineno
            how = _HOW[lent.left]
            where = f" ({path}:{line})" if generator.module is not model.linted else ""
            name = f"{generator.qualname}(){where}"
            message = f"the clean-up after the `yield` of {name} is nobody's: {how}"
            yield RULE.at(lent.call, message, Evidence(path, line, "yielded here"))
