"""Statements under a `with` or a `try`, for `Draft.rewrite`."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from .edits import Statement

TRY = "try:\n    pass\nfinally:\n    pass\n"


def under(header: Statement, statements: Sequence[Statement], indent: str | None) -> Statement:
    """Put statements into the body of `header`, a compound statement with any body of its own.

    The empty lines and comments above the first of them then stand above the header. `indent` is that of the block
    around (`Draft.indent`); None is the file's own.
    """
    first, *others = statements
    body = cst.IndentedBlock([first.with_changes(leading_lines=[]), *others], indent=indent)
    return header.with_changes(leading_lines=first.leading_lines, body=body)


def without_empty_lines(statement: Statement) -> Statement:
    """The statement with its comments, as the first one of a block begins."""
    comments = [line for line in statement.leading_lines if line.comment]
    return statement.with_changes(leading_lines=comments)


def guarded(
    header: Statement,
    statements: Sequence[Statement],
    ending: Sequence[Statement],
    indent: str | None,
) -> cst.Try:
    """Put statements into the body of `header`, a `try`, and others into its `finally`."""
    whole = under(header, statements, indent)
    assert isinstance(whole, cst.Try)
    first, *others = ending
    final = cst.IndentedBlock([without_empty_lines(first), *others], indent=indent)
    return whole.with_changes(finalbody=cst.Finally(final))
