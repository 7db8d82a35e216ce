"""Session not closed: a function opens a session, works with it, and returns without closing it.

Finds sessions that a function opens for itself, queries with, and leaves open when it returns. It
is reported where the session is opened.

## Why

A session keeps the connection of its first query until it is closed, committed or rolled back.
Session and transaction refer to each other, so that only Python's cyclic garbage collector frees
what was forgotten, some time later: until then PostgreSQL shows the connection as `idle in
transaction`, and under load the pool runs dry: `sqlalchemy.exc.TimeoutError: QueuePool limit of
size 5 overflow 10 reached, connection timed out, timeout 30.00`. A connection of asyncio cannot be
given back by the collector at all: `SAWarning: The garbage collector is trying to clean up
non-checked-in connection <AdaptedConnection …>, which will be terminated.`

## Bad

```python
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

engine = create_engine("sqlite:///notes.db")


def count_notes() -> int | None:
    session = Session(engine)  # error: LSA302
    return session.scalar(text("select count(*) from note"))
```

## Good

```python
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

engine = create_engine("sqlite:///notes.db")


def count_notes() -> int | None:
    with Session(engine) as session:
        return session.scalar(text("select count(*) from note"))
```

## Silent

Sessions that are returned, yielded, stored, or handed to code that closes or may keep them; those
whose last act on each path is a commit or a rollback, and those that work inside `with
session.begin()` only: they hold no connection. A close that is passed over by an exception only is
LSA312, one that nobody awaits LSA305, a session that a generator lends LSA313.

## Fix

Safe: `with` around the session's uses. A function that returns more than a truth value is left: what it returns may
still load something by the session.

## Misses

Sessions that are handed to code which cannot be followed.

## References

- https://docs.sqlalchemy.org/en/20/orm/session_basics.html#opening-and-closing-a-session
- https://docs.sqlalchemy.org/en/20/errors.html#error-3o7r
"""

from __future__ import annotations

from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...model.closing import left_open
from ...model.inference import Model

RULE = Rule(
    code="LSA302",
    name="session-not-closed",
    wakes=("(",),
    fix="safe",
)


@RULE.check
def session_not_closed(model: Model) -> Iterator[Finding]:
    """Yield the sessions that are open when the function that opened them has returned."""
    for function in model.linted.functions():
        for left in left_open(model, function):
            opened = left.opened
            line = getattr(left.since, "lineno", opened.call.lineno)
            evidence = [Evidence(model.linted.display, line, "works with it here")]
            made = ""
            if opened.made_elsewhere:
                site = opened.session.site
                path = model.project.display(site.path)
                made = f" (made at {path}:{site.line})"
                evidence.append(Evidence(path, site.line, "made here"))
            message = f"{opened.name} is not closed when {function.qualname}() returns{made}"
            yield RULE.at(opened.call, message, *evidence)
