"""Session pinned: a background task or stream keeps the request's session, and with it a connection.

Finds a session of a FastAPI dependency that is handed to `BackgroundTasks` or to the generator of a streaming response
where the framework keeps it open until these have ended: FastAPI before 0.106 and since 0.118. Opt-in: it works.

## Why

A dependency's session is closed after the response and its background tasks. Until then its connection is checked
out of the pool, for as long as a slow client reads or a slow task works. A few of these, and every other request waits:

    TimeoutError: QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00

## Bad

```python
from collections.abc import Iterator

from fastapi import BackgroundTasks, Depends, FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

app = FastAPI()
engine = create_engine("postgresql+psycopg://localhost/shop")


def get_db() -> Iterator[Session]:
    with Session(engine) as session:
        yield session


def send_receipt(session: Session, order_id: int) -> None:
    session.execute(text("update orders set receipt = now() where id = :i"), {"i": order_id})


@app.post("/orders/{order_id}")
def pay(order_id: int, tasks: BackgroundTasks, session: Session = Depends(get_db)) -> None:
    tasks.add_task(send_receipt, session, order_id)  # error: LSA407
```

## Good

```python
from fastapi import BackgroundTasks, FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

app = FastAPI()
engine = create_engine("postgresql+psycopg://localhost/shop")


def send_receipt(order_id: int) -> None:
    with Session(engine) as session, session.begin():
        session.execute(text("update orders set receipt = now() where id = :i"), {"i": order_id})


@app.post("/orders/{order_id}")
def pay(order_id: int, tasks: BackgroundTasks) -> None:
    tasks.add_task(send_receipt, order_id)
```

## Silent

Work that opens a session of its own, and sessions that are closed before the work runs (LSA403, LSA408).

## Misses

Sessions of callers that are more than one call away, and dependencies of other frameworks than FastAPI.

## References

- https://fastapi.tiangolo.com/advanced/advanced-dependencies/#dependencies-with-yield-and-background-tasks
- https://docs.sqlalchemy.org/en/21/errors.html#error-3o7r
"""

from __future__ import annotations

from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...frameworks import STARLETTE
from ...model.afterlife import Surviving, surviving
from ...model.endings import Closing
from ...model.handovers import Later, handovers, streams
from ...model.inference import Model
from ...model.knowledge.later import SIGNS, STREAM_WORDS, WORDS
from ...model.launches import Launches

RULE = Rule(
    code="LSA407",
    name="session-pinned",
    wakes=("add_task", "BackgroundTask", "StreamingResponse", "EventSourceResponse", "Depends"),
    default=False,
    in_scripts=True,
    frameworks=STARLETTE,
)
_LONG = {Later.RESPONDED: "background task", Later.STREAMED: "streaming response"}


@RULE.check
def session_pinned(model: Model) -> Iterator[Finding]:
    """Report requests' sessions that a task or stream keeps open."""
    yield from _pinned(surviving(model, handovers, Launches(model, WORDS, SIGNS)))
    yield from _pinned(surviving(model, streams, Launches(model, STREAM_WORDS, STREAM_WORDS)))


def _pinned(found: Iterator[Surviving]) -> Iterator[Finding]:
    for one in found:
        end, what = one.ending, _LONG.get(one.handover.later)
        if end is not None and what is not None and end.closing is Closing.RESPONDED:
            closed = Evidence(
                end.block.module.display, getattr(end.node, "lineno", 1), "it is closed here"
            )
            message = (
                f"the {what} keeps {one.name} and its connection until it ends "
                f"({end.block.qualname}, {closed.path}:{closed.line})"
            )
            yield RULE.at(one.place, message, closed)
