"""Rollback missing: a session is used on after its flush or commit failed and nobody rolled it back.

Finds handlers (broad ones, or for SQLAlchemy's errors) and `contextlib.suppress` that swallow the
error of a `flush()` or `commit()`, also of one in a function of the project that was given the session, if the same
session is used after that in the function: in the handler, behind it, or in the next round of a loop.

## Why

A failed flush ends the transaction, and the session waits for somebody to notice. Until it is rolled back, each further
statement fails, in a loop each further row, with an error that is about the first one:

    PendingRollbackError: This Session's transaction has been rolled back due to a previous exception during flush. To
    begin a new transaction with this Session, first issue Session.rollback().

## Bad

```python
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session


def load(session: Session, notes: list[object]) -> None:
    for note in notes:
        try:
            session.add(note)
            session.commit()
        except IntegrityError:  # error: LSA308
            print("there already")
```

## Good

```python
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session


def load(session: Session, notes: list[object]) -> None:
    for note in notes:
        try:
            session.add(note)
            session.commit()
        except IntegrityError:
            session.rollback()
            print("there already")
```

## Silent

A handler that raises, returns or leaves the block of the session; one that rolls back or closes it, itself or by a
call; `begin_nested()` or `begin()` inside the `try`; a failed `execute()`; a session handed to unknown code; a handler
for the driver's own errors, which SQLAlchemy wraps in its own: it never gets one.

## Fix

Safe where the `try` only adds, flushes and commits: `session.rollback()` as the handler's first statement.

## Misses

What the caller does with the session after the function has returned, and attributes that are read from its objects.

## References

- https://docs.sqlalchemy.org/en/20/faq/sessions.html#this-session-s-transaction-has-been-rolled-back-due-to-a-previous-exception-during-flush-or-similar
- https://docs.sqlalchemy.org/en/20/orm/session_transaction.html#using-savepoint
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...model.inference import Model
from ...model.swallowed import swallowed

RULE = Rule(
    code="LSA308",
    name="rollback-missing",
    wakes=("except", "suppress("),
    in_scripts=True,
    fix="safe",
)


@RULE.check
def rollback_missing(model: Model) -> Iterator[Finding]:
    """Yield the handlers that let a failed session be used on."""
    for block in model.linted.functions():
        for each in swallowed(model, model.frame(block)):
            failing, use = ast.unparse(each.failing.func), ast.unparse(each.use.func)
            yield RULE.at(
                each.handler,
                f"no rollback after a failed {failing}(): {use}() in line {each.use.lineno} then raises "
                "PendingRollbackError",
                Evidence(model.linted.display, each.failing.lineno, "fails here"),
                Evidence(model.linted.display, each.use.lineno, "used here"),
            )
