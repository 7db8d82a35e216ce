"""Session across fork: a child process shares a session that may be in a transaction.

Finds processes and pools that are forked while a session or connection of the parent's may have an open transaction, if
the child touches it: a global, a local of a function around, or what `os.fork()` leaves on both sides. It is reported
where the process or pool is made.

## Why

A forked child inherits the session, its transaction and its socket. What it commits or rolls back, it commits or rolls
back for the parent; even if it only throws the session away, its connection is reset, and that ROLLBACK goes down the
parent's socket: the parent's `commit()` returns normally, and its rows are gone. Over TLS, whoever talks next gets
`OperationalError: SSL error: decryption failed or bad record mac`.

On Linux `fork` is the default start method up to Python 3.13.

## Bad

```python
from multiprocessing import Process

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

session = Session(create_engine("postgresql+psycopg://localhost/shop"))


def recount() -> None:
    session.execute(text("call recount()"))
    session.commit()


def main() -> None:
    session.execute(text("insert into runs default values"))
    worker = Process(target=recount)  # error: LSA501
    worker.start()
    worker.join()
    session.commit()
```

## Good

```python
from multiprocessing import Process

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

engine = create_engine("postgresql+psycopg://localhost/shop")
session = Session(engine)


def recount() -> None:
    session.execute(text("call recount()"))
    session.commit()


def main() -> None:
    session.execute(text("insert into runs default values"))
    session.commit()
    session.close()
    engine.dispose()
    worker = Process(target=recount)
    worker.start()
    worker.join()
```

## Misses

Sessions that are sent to the process as arguments or attributes, and registries (`scoped_session`): what is shared
there is another matter. Transactions that a caller in another file has begun, and functions that a child gets by a
queue.

## References

- https://docs.sqlalchemy.org/en/21/core/pooling.html#using-connection-pools-with-multiprocessing-or-os-fork
- https://docs.python.org/3/library/multiprocessing.html#contexts-and-start-methods
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...frameworks import PROCESSES
from ...model.forks import Fork, forks
from ...model.inference import Model
from ...model.inheritance import Touch
from ...model.shared_pools import shared_session

RULE = Rule(
    code="LSA501",
    name="session-across-fork",
    wakes=("multiprocess", "billiard", "ProcessPool", "fork", "joblib", "Pool(", ".start()"),
    in_scripts=True,
    frameworks=PROCESSES,
)


@RULE.check
def session_across_fork(model: Model) -> Iterator[Finding]:
    """Report forks in the middle of a transaction that a child gets its hands on."""
    for fork in forks(model):
        touch = shared_session(model, fork)
        if touch is not None:
            yield _finding(model, fork, touch)


def _finding(model: Model, fork: Fork, touch: Touch) -> Finding:
    site = touch.value.site
    made = Evidence(model.project.display(site.path), site.line, f"{touch.name} is made here")
    used = Evidence(touch.block.module.display, touch.node.lineno, f"the child has {touch.name}")
    where = "" if site.path == model.linted.path else f" ({made.path}:{made.line})"
    maker = ast.unparse(fork.call.func)
    message = (
        f"{maker}() forks while {touch.name} may have an open transaction, "
        f"which the child shares: {touch.block.qualname}{where}"
    )
    return RULE.at(fork.call, message, made, used)
