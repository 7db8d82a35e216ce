"""Close not guaranteed: an exception passes over the `close()` of a session.

Finds functions, also those that `contextmanager` decorates, that close their session when all goes well, and leave it
open when something raises before. It is reported where the session is opened.

## Why

A query that raises leaves the function at once, and the `close()` below it never runs: the session
keeps its connection `idle in transaction` until Python's cyclic garbage collector happens to run.
Errors come in crowds, and soon each request waits and fails with `sqlalchemy.exc.TimeoutError:
QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00`. A failed
`commit()` keeps the connection, too; and where a task is cancelled, `except Exception` does not see
the `CancelledError`.

## Bad

```python
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

engine = create_engine("sqlite:///notes.db")


def count_notes() -> int | None:
    session = Session(engine)  # error: LSA312
    count = session.scalar(text("select count(*) from note"))
    session.close()
    return count
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

A `finally`, a `with`, an `except BaseException` that closes and raises again; no work before the guard; work inside
`with session.begin()` only. A dependency is LSA303, a session that is not closed at all LSA302.

## Fix

Safe: `with` in place of the `close()`, where the session's name is not used behind it.

## Misses

Errors of what is given the session and cannot be followed.

## References

- https://docs.sqlalchemy.org/en/20/orm/session_basics.html#closing
- https://docs.python.org/3/library/contextlib.html#contextlib.contextmanager
"""

from __future__ import annotations

from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...model.closing import left_open_by_errors
from ...model.inference import Model
from ...model.ways import Way

RULE = Rule(
    code="LSA312",
    name="close-not-guaranteed",
    wakes=("(",),
    fix="safe",
)


@RULE.check
def close_not_guaranteed(model: Model) -> Iterator[Finding]:
    """Yield the sessions whose close is passed over when something raises."""
    for function in model.linted.functions():
        for left in left_open_by_errors(model, function):
            opened = left.opened
            line = getattr(left.since, "lineno", opened.call.lineno)
            what = "is cancelled" if left.way is Way.CANCELLED else "raises"
            evidence = [Evidence(model.linted.display, line, f"{what} here")]
            made = ""
            if opened.made_elsewhere:
                site = opened.session.site
                path = model.project.display(site.path)
                made = f" (made at {path}:{site.line})"
                evidence.append(Evidence(path, site.line, "made here"))
            message = (
                f"{opened.name} stays open when {function.qualname}() {what} "
                f"at line {line}: its close is not in a `finally`{made}"
            )
            yield RULE.at(opened.call, message, *evidence)
