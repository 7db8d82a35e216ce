"""Statements under a `with` or a `try`, for `Draft.rewrite`."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from .edits import Statement


def under(header: Statement, statements: Sequence[Statement], indent: str | None) -> Statement:
    """Put statements into the body of `header`, a compound statement with any body of its own.

    The empty lines and comments above the first of them then stand above the header. `indent` is that of the block
    around (`Draft.indent`); None is the file's own.
    """
    first, *others = statements
    body = cst.IndentedBlock([first.with_changes(leading_lines=[]), *others], indent=indent)
    return header.with_changes(leading_lines=first.leading_lines, body=body)
