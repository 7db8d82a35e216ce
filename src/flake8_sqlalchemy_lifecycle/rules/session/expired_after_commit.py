"""Expired after commit: an instance is read after the commit that expired it.

Finds mapped instances that an `AsyncSession` holds (added, or loaded through it), and of which an attribute is read, or
which a handler returns, after `await session.commit()`, a rollback, or the end of `session.begin()`, with no refresh
between; a commit in a helper that is given the session counts too.

## Why

A commit expires all instances of the session. The next read of any attribute, the primary key too, wants to load it
again, and an attribute cannot be awaited:

    sqlalchemy.exc.MissingGreenlet: greenlet_spawn has not been called; can't call await_() here.
    Was IO attempted in an unexpected place?

Where the session was closed meanwhile it is `DetachedInstanceError: Instance <Parcel at 0x…> is not bound to a Session;
attribute refresh operation cannot proceed`; and FastAPI answers `{}` for an expired SQLModel without a response model.

## Bad

```python
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

maker = async_sessionmaker(create_async_engine("sqlite+aiosqlite:///notes.db"))


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]


async def write(text: str) -> int:
    async with maker() as session:
        note = Note(text=text)
        session.add(note)
        await session.commit()
        return note.id  # error: LSA311
```

## Good

```python
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_async_engine("sqlite+aiosqlite:///notes.db")
maker = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]


async def write(text: str) -> int:
    async with maker() as session:
        note = Note(text=text)
        session.add(note)
        await session.commit()
        return note.id
```

## Silent

Instances that are refreshed, selected again or expunged; `awaitable_attrs`; `run_sync`; attributes that are only set;
sessions whose maker the linter does not know.

## Misses

Instances in attributes and dictionaries, and what serializers read of them other than by pydantic's `model_validate()`.

## References

- https://docs.sqlalchemy.org/en/20/orm/extensions/asyncio.html#preventing-implicit-io-when-using-asyncsession
- https://sqlalche.me/e/20/xd2s
"""

from __future__ import annotations

from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...frameworks import ASYNC
from ...model.expired_reads import Read, reads_of_expired
from ...model.expiry import may_expire
from ...model.inference import Model

RULE = Rule(
    code="LSA311",
    name="expired-after-commit",
    wakes=("async def",),
    in_scripts=True,
    frameworks=ASYNC,
)


@RULE.check
def expired_after_commit(model: Model) -> Iterator[Finding]:
    if not may_expire(model):
        return
    for block in model.linted.functions():
        if block.is_async:
            for read in reads_of_expired(model, block):
                yield _finding(model, read)


def _finding(model: Model, read: Read) -> Finding:
    name = read.cls.block.name
    what = f"{name}.{read.attribute}" if read.attribute else f"the {name}"
    done = "is read" if read.attribute else "is returned"
    error = "DetachedInstanceError" if read.is_closed else "MissingGreenlet"
    module = model.project.module(read.by.path) or model.linted
    where = f"line {read.by.line}"
    if module is not model.linted:
        where = f"{module.display}:{read.by.line}"
    message = f"{what} {done} after the commit that expired it ({where}): {error}"
    evidence = Evidence(module.display, read.by.line, "expires the instance")
    return RULE.at(read.node, message, evidence)
