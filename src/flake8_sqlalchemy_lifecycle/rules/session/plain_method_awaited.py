"""Plain method awaited: `await` before a method that is no coroutine.

Finds `await` on the plain methods of `AsyncSession`, `AsyncConnection`, `AsyncEngine` and `async_scoped_session`
(`add`, `add_all`, `expunge`, …), and on the `Result` that `await session.execute()` gave, or one of its methods. It is
reported where the statement starts.

## Why

`AsyncSession.add()` only notes the object, as `Session.add()` does, and returns None; the rows of a `Result` are in
memory already. The call does its work, then the `await` raises:

    TypeError: object NoneType can't be used in 'await' expression
    TypeError: object list can't be used in 'await' expression

## Bad

```python
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def titles(session: AsyncSession, note: object) -> list[str]:
    await session.add(note)  # error: LSA306
    result = await session.execute(text("select title from note"))
    return await result.scalars().all()  # error: LSA306
```

## Good

```python
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def titles(session: AsyncSession, note: object) -> list[str]:
    session.add(note)
    result = await session.execute(text("select title from note"))
    return result.scalars().all()
```

## Silent

The `AsyncResult` of `await session.stream()`, whose `all()`, `first()` and the like are coroutines; mocks; a subclass
of the project that makes `add()` a coroutine.

## Fix

Safe: drop the `await`.

## Misses

`await` on a method of a sync `Session`, whose annotation may be what is wrong.

## References

- https://docs.sqlalchemy.org/en/20/orm/extensions/asyncio.html#sqlalchemy.ext.asyncio.AsyncSession
- https://docs.sqlalchemy.org/en/20/orm/extensions/asyncio.html#sqlalchemy.ext.asyncio.AsyncResult
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Finding
from ...frameworks import ASYNC
from ...model.awaiting import awaited_plain, awaiting_plain
from ...model.inference import Model

RULE = Rule(
    code="LSA306",
    name="plain-method-awaited",
    wakes=("await ",),
    in_tests=True,
    in_scripts=True,
    fix="safe",
    frameworks=ASYNC,
)
_LONGEST = 50


@RULE.check
def plain_method_awaited(model: Model) -> Iterator[Finding]:
    """Yield the statements with an `await` that gets no awaitable."""
    for block in awaiting_plain(model.linted):
        for node, owner in awaited_plain(model, model.frame(block)):
            kind = owner.rpartition(".")[2]
            article = "an" if kind[0] in "Aa" else "a"
            match node.value:
                case ast.Call(func=ast.Attribute(attr=name) as method):
                    text = ast.unparse(method)
                    text = text if len(text) < _LONGEST else f"….{name}"
                    message = f"{text}() of {article} {kind} is no coroutine: drop the `await`"
                case value:
                    text = ast.unparse(value)
                    message = f"{text} is {article} {kind}, awaited already: drop the `await`"
            yield RULE.at(block.statement(node) or node, message)
