"""Session outlives scope: a session is kept where it stays for the life of the process.

Finds sessions that are made as a default argument, or kept by a cached function, an app's state, a
class, a container of a module, or a `global` that a function sets. It is reported where the session
is opened.

## Why

A session is made for one unit of work. One that is kept is everybody's: several threads or tasks
use it at once, and it holds a connection, and all objects that were ever loaded with it. After one
failed flush each use of it fails: `sqlalchemy.exc.PendingRollbackError: This Session's transaction
has been rolled back due to a previous exception during flush. To begin a new transaction with this
Session, first issue Session.rollback().`

## Bad

```python
from functools import lru_cache

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

engine = create_engine("sqlite:///notes.db")


@lru_cache
def get_session() -> Session:
    return Session(engine)  # error: LSA304
```

## Good

```python
from functools import lru_cache

from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine("sqlite:///notes.db")


@lru_cache
def get_maker() -> sessionmaker[Session]:
    return sessionmaker(engine)


def count_notes() -> int:
    with get_maker()() as session:
        return len(session.new)
```

## Silent

Makers and registries; `Depends(…)` as a default; the state of a request; the attributes of an
instance; a function that opens, keeps and closes the session itself; initializers of worker
processes; migrations, with which the process ends; connections, which may be kept for a lock.

## Misses

Caches of other libraries, and containers inside objects.

## References

- https://docs.sqlalchemy.org/en/20/orm/session_basics.html#when-do-i-construct-a-session-when-do-i-commit-it-and-when-do-i-close-it
- https://docs.python.org/3/library/functools.html#functools.lru_cache
"""

from __future__ import annotations

from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...model.inference import Model
from ...model.outliving import outliving
from ...model.places import is_migration

RULE = Rule(
    code="LSA304",
    name="session-outlives-scope",
    wakes=("(",),
    in_scripts=True,
)


@RULE.check
def session_outlives_scope(model: Model) -> Iterator[Finding]:
    """Yield the sessions that something keeps for good, where they are opened."""
    if is_migration(model.linted):
        return
    for block in model.linted.blocks():
        for kept in outliving(model, block):
            opened = kept.opened
            made, evidence = "", []
            if opened.made_elsewhere:
                site = opened.session.site
                path = model.project.display(site.path)
                made = f" (made at {path}:{site.line})"
                evidence.append(Evidence(path, site.line, "made here"))
            message = f"{kept.keeper} keeps one session for the life of the process{made}"
            yield RULE.at(opened.call, message, *evidence)
