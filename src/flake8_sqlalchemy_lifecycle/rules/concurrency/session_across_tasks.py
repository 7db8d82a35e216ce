"""Session across tasks: concurrent tasks use one AsyncSession at the same time.

Finds an `AsyncSession` or `AsyncConnection` that two or more coroutines use while they run together: under
`asyncio.gather`, `wait`, `as_completed`, `create_task`, a `TaskGroup`, or anyio's and trio's groups; directly, through
helpers, and through repositories and services that hold the session.

## Why

A session is one transaction on one connection, and does one thing at a time. Whether two statements at once fail
depends on the state of the pool, so it passes every test and fails under load or after a restart, with one of:

    InvalidRequestError: This session is provisioning a new connection; concurrent operations are not permitted
    IllegalStateChangeError: Method 'close()' can't be called here; method '_connection_for_bind()' is already in
    progress
    InvalidRequestError: Session is already flushing

A `rollback()` in one task silently discards what another has added and then commits.

## Bad

```python
import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def totals(session: AsyncSession) -> list[int]:
    return await asyncio.gather(  # error: LSA402
        session.scalar(text("select count(*) from orders")),
        session.scalar(text("select count(*) from invoices")),
    )
```

## Good

```python
import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker


async def count(maker: async_sessionmaker[AsyncSession], statement: str) -> int:
    async with maker() as session:
        return await session.scalar(text(statement))


async def totals(maker: async_sessionmaker[AsyncSession]) -> list[int]:
    return await asyncio.gather(
        count(maker, "select count(*) from orders"),
        count(maker, "select count(*) from invoices"),
    )
```

## Silent

A session for each task, a lock around each use, tasks of which only one uses the session, plain methods such as
`add()`, and a task that is awaited before the session is used again.

## Misses

Coroutines that come from outside the project or from containers that the linter cannot see into.

## References

- https://docs.sqlalchemy.org/en/20/orm/session_basics.html#is-the-session-thread-safe-is-asyncsession-safe-to-share-in-concurrent-tasks
- https://sqlalche.me/e/20/isce
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...frameworks import ASYNC
from ...model import attributes
from ...model.collisions import Collision, collisions
from ...model.inference import Model
from ...model.launches import Launches
from ...model.session_uses import SessionUses, is_own, name_of_session
from ...model.strands import task_strands
from ...model.values import Frame, Instance, Made

_LAUNCHERS = (
    "gather",
    "as_completed",
    "create_task",
    "ensure_future",
    "start_soon",
    "asyncio.wait",
    "TaskGroup",
)
RULE = Rule(
    code="LSA402",
    name="session-across-tasks",
    wakes=(*_LAUNCHERS, "AsyncSession", "AsyncConnection"),
    in_scripts=True,
    frameworks=ASYNC,
)


_FUNCTIONS = ("gather", "wait", "as_completed", "create_task", "ensure_future", "start_soon")


@RULE.check
def session_across_tasks(model: Model) -> Iterator[Finding]:
    launches = Launches(model, _FUNCTIONS, ("async def",))
    told: set[ast.AST] = (
        set()
    )  # the launches of other files that a call of this one is reported for
    for block in model.linted.functions():
        frame = model.frame(block)
        if launches.may_be_in(block):
            for collision in _collisions(model, frame):
                yield _finding(model, frame, collision, collision.launch)
        for call, activation in launches.handed_on(frame):
            if any(_collisions(model, model.frame(activation.block))):
                continue  # the callee's own file shows it
            for collision in _collisions(model, activation):
                if is_own(collision.session, {activation}):
                    continue
                if activation.block.module is model.linted:
                    yield _finding(model, activation, collision, collision.launch)
                elif collision.launch not in told:
                    told.add(collision.launch)
                    yield _finding(model, frame, collision, call)


def _collisions(model: Model, frame: Frame) -> Iterator[Collision]:
    strands = list(task_strands(model, frame))
    return collisions(SessionUses(model, asynchronous=True), frame, strands)


def _finding(model: Model, frame: Frame, collision: Collision, place: ast.expr) -> Finding:
    session = collision.session
    assert isinstance(session, Made | Instance)
    kind = (attributes.type_name(model, session) or "AsyncSession").rpartition(".")[2]
    name = name_of_session(model, frame, session, collision.use)
    users = list(dict.fromkeys(_short(user) for user in collision.users))
    if len(users) > 1:
        who = f"{' and '.join(users[:3])} use it"
    else:
        many = len(collision.users) > 1
        who = f"several {users[0]} use it" if many else f"every {users[0]} uses it"
    made = model.project.module(session.site.path)
    display = made.display if made else model.linted.display
    where = f"{display}:{session.site.line}"
    message = f"concurrent tasks share one {kind}, {name} ({where}): {who} at the same time"
    return RULE.at(place, message, Evidence(display, session.site.line, f"the {kind}"))


def _short(node: ast.expr) -> str:
    called = node.func if isinstance(node, ast.Call) else node
    text = ast.unparse(called)
    return f"{text}()" if isinstance(node, ast.Call) and len(text) < 60 else text[:60]
