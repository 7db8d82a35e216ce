"""Expire on commit: an async session will expire what it holds when it commits.

Finds `async_sessionmaker(...)`, `sessionmaker(class_=AsyncSession)` and `AsyncSession(...)` that do not say whether a
commit expires the session's instances. Opt-in: it is a matter of taste; where it does harm, LSA311 finds the place.

## Why

By default a commit expires all instances of the session, and the next read of an attribute loads it again. With asyncio
that cannot be: an attribute is not awaited. The line that reads `user.id` after a commit fails, with

    sqlalchemy.exc.MissingGreenlet: greenlet_spawn has not been called; can't call await_() here.
    Was IO attempted in an unexpected place?

## Bad

```python
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

engine = create_async_engine("sqlite+aiosqlite:///notes.db")
maker = async_sessionmaker(engine)  # error: LSA310
```

## Good

```python
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

engine = create_async_engine("sqlite+aiosqlite:///notes.db")
maker = async_sessionmaker(engine, expire_on_commit=False)
```

## Silent

Sessions of a maker, which answers for them; an explicit `expire_on_commit=True`; options that cannot be resolved; a
maker that is configured later; classes of the project.

## Fix

Unsafe: adds `expire_on_commit=False`. Instances then keep what they held before the commit, which may be out of date.

## Misses

Makers that are made with options which come from outside the project.

## References

- https://docs.sqlalchemy.org/en/20/orm/extensions/asyncio.html#preventing-implicit-io-when-using-asyncsession
"""

from __future__ import annotations

from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Finding
from ...frameworks import ASYNC
from ...model.expiry import leaves_expiry_open
from ...model.inference import Model

RULE = Rule(
    code="LSA310",
    name="expire-on-commit",
    wakes=("sessionmaker", "AsyncSession"),
    default=False,
    fix="unsafe",
    frameworks=ASYNC,
)


@RULE.check
def expire_on_commit(model: Model) -> Iterator[Finding]:
    for made in leaves_expiry_open(model):
        if made.call is not None:
            called = made.type.rpartition(".")[2]
            yield RULE.at(
                made.call, f"{called} without expire_on_commit=False: a commit expires all"
            )
