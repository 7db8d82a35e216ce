"""Session in background task: work that runs later gets a session that is closed by then.

Finds a session, or an object or closure that holds one, that is handed to work which runs when the session is closed:
to `BackgroundTasks` from the handler's own `with`, from `Depends(scope="function")`, or on FastAPI 0.106 to 0.117,
which ends dependencies before the response; to a task that nobody awaits; to a scheduler's job; to a queue's worker.

## Why

A closed `Session` does not raise: it silently begins again and takes a connection from the pool that nobody
gives back. What was loaded before is detached:

    DetachedInstanceError: Instance <P at 0x…> is not bound to a Session; attribute refresh operation cannot proceed

A task that runs while the session is being closed ends in `IllegalStateChangeError`. A session cannot be sent to
another process at all: `TypeError: cannot pickle 'weakref.ReferenceType' object`.

## Bad

```python
from fastapi import BackgroundTasks, FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

app = FastAPI()
engine = create_engine("postgresql+psycopg://localhost/shop")


def send_receipt(session: Session, order_id: int) -> None:
    session.execute(text("update orders set receipt = now() where id = :i"), {"i": order_id})


@app.post("/orders/{order_id}")
def pay(order_id: int, tasks: BackgroundTasks) -> None:
    with Session(engine) as session:
        tasks.add_task(send_receipt, session, order_id)  # error: LSA403
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

A dependency's session in `BackgroundTasks` of FastAPI ≥ 0.118, which closes it after the tasks (LSA407 tells of it,
where it is asked for), and tasks that are awaited.

## Misses

Sessions of callers that are more than one call away, and dependencies of other frameworks than FastAPI.

## References

- https://fastapi.tiangolo.com/advanced/advanced-dependencies/#dependencies-with-yield-and-background-tasks
- https://docs.sqlalchemy.org/en/21/errors.html#error-bhk3
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...frameworks import ASGI, TASK_QUEUES
from ...model.afterlife import Surviving, surviving
from ...model.endings import Closing
from ...model.handovers import Later, handovers
from ...model.inference import Model
from ...model.knowledge.later import SIGNS, WORDS
from ...model.launches import Launches

RULE = Rule(
    code="LSA403",
    name="session-in-background-task",
    wakes=(*SIGNS, "Depends", "Session"),
    in_scripts=True,
    frameworks=ASGI + TASK_QUEUES,
)
_WHEN = {
    Later.RESPONDED: "after the response",
    Later.ALONE: "in a task that nobody awaits",
    Later.SCHEDULED: "at a time of its own",
}


@RULE.check
def session_in_background_task(model: Model) -> Iterator[Finding]:
    """Report work that outlives the session which it is given."""
    for found in surviving(model, handovers, Launches(model, WORDS, SIGNS)):
        if found.handover.later is Later.ELSEWHERE:
            function = ast.unparse(found.handover.call.func)
            yield RULE.at(found.place, f"{function}() cannot send {found.name} to another process")
        elif found.ending is not None:
            responded = found.handover.later is Later.RESPONDED
            if not (responded and found.ending.closing is Closing.RESPONDED):
                yield _finding(found)


def _finding(found: Surviving) -> Finding:
    end = found.ending
    assert end is not None
    closed = Evidence(end.block.module.display, getattr(end.node, "lineno", 1), "it is closed here")
    where = f"{end.block.qualname}, {closed.path}:{closed.line}"
    version = " by the declared FastAPI" if end.closing is Closing.BY_VERSION else ""
    message = (
        f"{found.name} is closed{version} ({where}) "
        f"while its work runs {_WHEN[found.handover.later]}"
    )
    return RULE.at(found.place, message, closed)
