"""Session across threads: several threads use one Session or Connection at the same time.

Finds a sync `Session` or `Connection` that is handed to threads while others use it: as an argument, by a closure, a
global or `self.session`, through `Thread`, `ThreadPoolExecutor`, `ThreadPool`, `asyncio.to_thread`, `run_in_executor`
or a `BackgroundScheduler`; in a loop, twice, or while the function that started the thread uses or closes it.

## Why

A session is one transaction on one connection, for one thread. Threads that share it break into each other's flushes
and roll back each other's work: of 192 operations of eight threads 18 succeeded, the others ended in one of

    InvalidRequestError: Session is already flushing
    IllegalStateChangeError: Method 'rollback()' can't be called here; method 'rollback()' is already in progress
    InvalidRequestError: This session is in 'inactive' state, due to the SQL transaction being rolled back

## Bad

```python
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text
from sqlalchemy.orm import Session


def touch(session: Session, item: int) -> None:
    session.execute(text("update items set seen = now() where id = :i"), {"i": item})


def touch_all(session: Session, items: list[int]) -> None:
    with ThreadPoolExecutor() as pool:
        for item in items:
            pool.submit(touch, session, item)  # error: LSA401
```

## Good

```python
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker


def touch(maker: sessionmaker[Session], item: int) -> None:
    with maker.begin() as session:
        session.execute(text("update items set seen = now() where id = :i"), {"i": item})


def touch_all(maker: sessionmaker[Session], items: list[int]) -> None:
    with ThreadPoolExecutor() as pool:
        for item in items:
            pool.submit(touch, maker, item)
```

## Silent

A session for each thread, a registry (`scoped_session`), a lock around each use, an executor of one thread, and a
hand-over that is awaited or joined before anybody else uses the session: `await asyncio.to_thread(work, session)`.

## Misses

Functions that a thread gets through a queue, and sessions that are shared by handlers which the server runs in threads.

## References

- https://docs.sqlalchemy.org/en/21/orm/session_basics.html#session-faq-threadsafe
- https://sqlalche.me/e/21/isce
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...frameworks import ASYNC, THREADS
from ...model import attributes
from ...model.collisions import Collision, collisions
from ...model.endings import Ending, ending
from ...model.inference import Model
from ...model.knowledge.later import JOB_METHODS
from ...model.knowledge.threads import SOURCES, WORDS
from ...model.launches import Launches
from ...model.outlived import outlived
from ...model.session_uses import SessionUses, is_own, name_of_session
from ...model.threads import thread_strands
from ...model.values import Frame, Instance, Made

RULE = Rule(
    code="LSA401",
    name="session-across-threads",
    wakes=(*SOURCES, "import Session", "Session,", "Connection", ".submit("),
    in_scripts=True,
    frameworks=(*ASYNC, "APScheduler", *THREADS),
)


@RULE.check
def session_across_threads(model: Model) -> Iterator[Finding]:
    """Report hand-overs to threads of a session that another thread uses meanwhile."""
    launches = Launches(model, WORDS, SOURCES)
    hands_over = model.project.closure_says(model.linted.path, *SOURCES)
    for block in model.linted.blocks():
        frame = model.frame(block)
        for collision in _collisions(model, frame) if hands_over else ():
            yield _finding(model, frame, collision, collision.launch)
        for launch, use, session, end in outlived(model, frame) if hands_over else ():
            collision = Collision(session, launch, (launch, launch), use)
            yield _finding(model, frame, collision, launch, end)
        for call, activation in launches.handed_on(frame):
            if any(_collisions(model, model.frame(activation.block))):
                continue  # the callee's own file shows it
            for collision in _collisions(model, activation):
                if not is_own(collision.session, {activation}):
                    here = activation.block.module is model.linted
                    place = collision.launch if here else call
                    yield _finding(model, activation if here else frame, collision, place)


def _collisions(model: Model, frame: Frame) -> Iterator[Collision]:
    strands = list(thread_strands(model, frame))
    for collision in collisions(SessionUses(model, asynchronous=False), frame, strands):
        launch = collision.launch
        if getattr(launch.func, "attr", "") in JOB_METHODS:
            if ending(model, frame, collision.session, launch) is not None:
                continue  # closed before the job runs: LSA403
        yield collision


def _finding(
    model: Model,
    frame: Frame,
    collision: Collision,
    place: ast.expr,
    end: Ending | None = None,
) -> Finding:
    session = collision.session
    assert isinstance(session, Made | Instance)
    kind = (attributes.type_name(model, session) or "Session").rpartition(".")[2]
    name = name_of_session(model, frame, session, collision.use)
    made = Evidence(
        model.project.display(session.site.path), session.site.line, f"the {kind} {name}"
    )
    other = collision.users[-1]
    if end is not None:
        line = getattr(end.node, "lineno", 1)
        who = f"{end.block.name}() closes it meanwhile ({end.block.module.display}:{line})"
    elif other is collision.users[0]:
        who = f"every thread of {ast.unparse(collision.launch.func)}() uses it"
    elif isinstance(other, ast.Call) and len(collision.users) == 2:
        who = f"{ast.unparse(other.func)}() in line {other.lineno} uses it meanwhile"
    else:
        who = f"line {other.lineno} uses or closes it meanwhile"
    message = f"threads share one {kind}, {name} ({made.path}:{made.line}): {who}"
    return RULE.at(place, message, made)
