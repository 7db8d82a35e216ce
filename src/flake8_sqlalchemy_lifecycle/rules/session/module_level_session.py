"""Module-level session: all requests, threads and tasks share one session.

Finds a session that importing a module opens, as a global, an attribute of a class or of an object that the module
makes, and that functions use. It is reported where it is opened, when functions of that file use it or a class is
given it; else at the first use, or default argument, in each file that imports it.

## Why

A session is one conversation with the database, for one unit of work. Shared by all requests it is
used by several threads or tasks at once, which it is not made for, it keeps all that was ever
loaded, and one failed request breaks all that follow: `sqlalchemy.exc.PendingRollbackError: This
Session's transaction has been rolled back due to a previous exception during flush. To begin a new
transaction with this Session, first issue Session.rollback().`

## Bad

```python
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

session = Session(create_engine("sqlite:///notes.db"))  # error: LSA301


def count_notes() -> int | None:
    return session.scalar(text("select count(*) from note"))
```

## Good

```python
from sqlalchemy import create_engine, text
from sqlalchemy.orm import sessionmaker

SessionLocal = sessionmaker(create_engine("sqlite:///notes.db"))


def count_notes() -> int | None:
    with SessionLocal() as session:
        return session.scalar(text("select count(*) from note"))
```

## Silent

Makers and registries, which give each user a session of its own; a session that only the module's
top level uses. A `global` that a function sets is LSA304.

## Misses

A session inside another object, unless the object's constructor opens it and functions get at it by
the object's name, `holder.session`.

## References

- https://docs.sqlalchemy.org/en/20/orm/session_basics.html#session-faq-threadsafe
- https://docs.sqlalchemy.org/en/20/orm/session_basics.html#when-do-i-construct-a-session-when-do-i-commit-it-and-when-do-i-close-it
"""

from __future__ import annotations

from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...model.imported_sessions import opened_elsewhere, opened_here
from ...model.inference import Model

RULE = Rule(
    code="LSA301",
    name="module-level-session",
    wakes=(
        *("ession", ".execute(", ".query(", ".scalar", ".commit(", ".exec(", ".add(", ".get("),
        *(".flush(", ".merge(", ".refresh(", ".delete(", ".rollback("),
    ),
)


@RULE.check
def module_level_session(model: Model) -> Iterator[Finding]:
    """Yield the shared sessions of this file, then those of other files that its functions use."""
    for shared in opened_here(model):
        message = f"{shared.name} is one session for all callers of {shared.user}"
        used = Evidence(model.linted.display, shared.use.lineno, "used here")
        yield RULE.at(shared.opened.call, message, used)
    for shared in opened_elsewhere(model):
        path = shared.opened.frame.block.module.display
        line = shared.opened.call.lineno
        message = f"{shared.name} is one session for all callers of {shared.user} ({path}:{line})"
        yield RULE.at(shared.use, message, Evidence(path, line, "opened here"))
