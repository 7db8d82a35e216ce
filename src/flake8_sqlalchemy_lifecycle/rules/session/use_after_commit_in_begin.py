"""Use after commit in begin: a session is used on after its commit inside `with session.begin():`.

Finds `commit()`, `rollback()` and `close()` of a session or connection inside a `with` over its `begin()`, over
`maker.begin()` or `engine.begin()`, if on some path the session is used again before the block is left: by one of its
methods, by a function or object of the project that was given it, by reading what the commit expired. It is reported
at the commit.

## Why

The block owns the transaction and ends it itself. Once it was ended by hand, everything up to the end of the block
fails, `session.add()` included, and what was done before is stored already: half of the work.

    InvalidRequestError: Can't operate on closed transaction inside context manager.  Please complete the context
    manager before emitting further commands.

## Bad

```python
from sqlalchemy.orm import Session


def move(session: Session, note: object, copy: object) -> None:
    with session.begin():
        session.delete(note)
        session.commit()  # error: LSA309
        session.add(copy)
```

## Good

```python
from sqlalchemy.orm import Session


def move(session: Session, note: object, copy: object) -> None:
    with session.begin():
        session.delete(note)
        session.flush()
        session.add(copy)
```

## Silent

A commit or rollback as the last thing that the block does; what needs no transaction, such as `expunge_all()`; a
savepoint's own `commit()`; another session.

## Misses

A commit inside a function that the block calls, uses in an `except`, attributes of objects whose class is not known.

## References

- https://docs.sqlalchemy.org/en/20/orm/session_transaction.html#managing-transactions
- https://docs.sqlalchemy.org/en/20/core/connections.html#begin-once
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...model.begun import used_on
from ...model.inference import Model

RULE = Rule(
    code="LSA309",
    name="use-after-commit-in-begin",
    wakes=(".begin(",),
    in_scripts=True,
)


@RULE.check
def use_after_commit_in_begin(model: Model) -> Iterator[Finding]:
    """Yield the calls that end a block's transaction too early."""
    for block in model.linted.functions():
        if "begin" not in block.words:
            continue
        for used in used_on(model, model.frame(block)):
            use = ast.unparse(used.use.func if isinstance(used.use, ast.Call) else used.use)
            called = "()" if isinstance(used.use, ast.Call) else ""
            where = f"in line {used.use.lineno}"
            if used.block.module is not model.linted:
                where = f"({used.block.module.display}:{used.use.lineno})"
            yield RULE.at(
                used.end,
                f"{ast.unparse(used.end.func)}() ends the transaction of the `begin()` block around it: "
                f"{use}{called} {where} then raises",
                Evidence(used.block.module.display, used.use.lineno, "used here"),
            )
