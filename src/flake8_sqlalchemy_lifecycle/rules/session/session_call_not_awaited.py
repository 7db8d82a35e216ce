"""Session call not awaited: a coroutine of an async session, connection or result is never awaited.

Finds calls of `AsyncSession`, `AsyncConnection`, their transactions, `async_scoped_session` and `AsyncResult` that must
be awaited, and whose coroutine is dropped or used as if it were the result; a bare `begin()` or `connect()`, which
wants to be entered; and a plain `with` where only `async with` works. It is reported where the statement starts.

## Why

Calling a coroutine function runs none of it. `session.commit()` returns, the handler answers 200, and no row is
stored: all that is ever seen is `RuntimeWarning: coroutine 'AsyncSession.commit' was never awaited`, some time later,
in a log. Of `session.begin()` and `engine.connect()` there is not even that. What uses the coroutine as if it were the
result fails at run time: `AttributeError: 'coroutine' object has no attribute 'all'`.

## Bad

```python
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def archive(session: AsyncSession) -> list[int]:
    await session.execute(text("update note set archived = true"))
    session.commit()  # error: LSA305
    return session.scalars(text("select id from note")).all()  # error: LSA305
```

## Good

```python
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def archive(session: AsyncSession) -> list[int]:
    await session.execute(text("update note set archived = true"))
    await session.commit()
    return (await session.scalars(text("select id from note"))).all()
```

## Silent

Coroutines that are returned, yielded, gathered, made into tasks or otherwise handed on; a name that is awaited later;
functions for `run_sync()`, which get a sync session; mocks; an engine's `dispose()` (LSA107).

## Fix

Safe in `async def`: put `await` before the call, or `async` before the `with`.

## Misses

Objects that may be of either kind, and coroutines that are kept in an attribute or a collection and forgotten there.

## References

- https://docs.sqlalchemy.org/en/20/orm/extensions/asyncio.html
- https://docs.python.org/3/library/asyncio-dev.html#detect-never-awaited-coroutines
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...frameworks import ASYNC
from ...model import attributes
from ...model.awaiting import Fate, lost_calls, method_called, plainly_entered, suspects
from ...model.inference import Model
from ...model.values import Frame, Instance, Made, Value

RULE = Rule(
    code="LSA305",
    name="session-call-not-awaited",
    wakes=(
        *(
            ".commit(",
            ".execute(",
            ".exec(",
            ".scalar",
            ".stream",
            ".flush(",
            ".delete",
            ".refresh(",
        ),
        *(".rollback(", ".close(", ".remove(", ".merge", ".get", ".begin", ".connect(", ".all("),
        *("Session", "session", "engine"),
    ),
    in_tests=True,
    in_scripts=True,
    fix="safe",
    frameworks=ASYNC,
)


@RULE.check
def session_call_not_awaited(model: Model) -> Iterator[Finding]:
    for block in suspects(model.linted):
        frame = model.frame(block)
        for lost in lost_calls(model, frame):
            assert isinstance(lost.node, ast.Call)
            type_name = attributes.type_name(model, lost.owner) or ""
            if type_name == "sqlalchemy.AsyncEngine" and method_called(lost.node).endswith(
                ".dispose"
            ):
                continue  # LSA107
            ends = {
                Fate.DROPPED: "nobody awaits it, so it never runs",
                Fate.USED: "it is used as if it had been awaited",
            }[lost.fate]
            message = (
                f"{method_called(lost.node)}() of {_article(type_name)} is a coroutine: {ends}"
            )
            if type_name.endswith("Engine") or "begin" in method_called(lost.node):
                message = (
                    f"{method_called(lost.node)}() of {_article(type_name)} is not started: {ends}"
                )
            yield _finding(model, frame, lost.node, lost.owner, message)
        for statement, context, value in plainly_entered(model, frame):
            type_name = attributes.type_name(model, value) or ""
            message = f"`with {ast.unparse(context)}`: {_article(type_name)} wants `async with`"
            yield _finding(model, frame, statement, value, message)


def _article(type_name: str) -> str:
    short = type_name.rpartition(".")[2]
    return f"{'an' if short[:1] in 'Aa' else 'a'} {short}"


def _finding(model: Model, frame: Frame, node: ast.AST, owner: Value, message: str) -> Finding:
    block = frame.block
    place = block.statement(node)
    while place is None and block.parent is not None:  # in a lambda
        node, block = block.node, block.parent
        place = block.statement(node)
    assert place is not None
    assert isinstance(owner, Made | Instance)
    module = model.project.module(owner.site.path)
    path = module.display if module else model.linted.display
    return RULE.at(place, message, Evidence(path, owner.site.line, "what it belongs to"))
