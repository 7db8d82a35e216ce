"""Statements that leave a block, and what stays of the lines above them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import libcst as cst

from .draft import Draft
from .edits import Statement


def split(statement: Statement) -> tuple[list[cst.EmptyLine], list[cst.EmptyLine]]:
    """The lines above a statement: those that stand apart from it, and the comments directly above it."""
    lines = [*statement.leading_lines]
    start = len(lines)
    while start and lines[start - 1].comment:
        start -= 1
    return lines[:start], lines[start:]


def take_out(draft: Draft, statements: Sequence[Statement]) -> None:
    """Note statements of one block to be removed, with the comments directly above them.

    Other comments stay, and what then stands below keeps its distance to what is above.
    """
    for first in statements:
        block, index = draft.block(first), draft.index(first)
        if index and block.body[index - 1] in statements:
            continue  # it goes with the one above
        last = index
        while last + 1 < len(block.body) and block.body[last + 1] in statements:
            last += 1
        run: Sequence[Statement] = block.body[index : last + 1]  # type: ignore[assignment]
        above = [line for one in run for line in split(one)[0]]
        draft.rewrite(first, block.body[last], lambda _: [])
        if last + 1 < len(block.body):
            below = block.body[last + 1]
            draft.change(below, type(below), _below(above))
        elif any(line.comment for line in above):
            draft.change(block, type(block), _at_end(above))


def _below(above: Sequence[cst.EmptyLine]) -> Callable[[cst.BaseStatement], cst.BaseStatement]:
    """Put lines above a statement, blank ones only where it has fewer."""

    def change(statement: cst.BaseStatement) -> cst.BaseStatement:
        own = [*statement.leading_lines]  # type: ignore[attr-defined]
        blank = next((i for i, line in enumerate(own) if line.comment), len(own))
        has_comment = any(line.comment for line in above)
        kept = [*above] if has_comment else [*above[: max(0, len(above) - blank)]]
        while blank and kept and not kept[-1].comment:
            kept.pop()
        return statement.with_changes(leading_lines=[*kept, *own])

    return change


def _at_end(above: Sequence[cst.EmptyLine]) -> Callable[[cst.CSTNode], cst.CSTNode]:
    return lambda block: block.with_changes(footer=[*above, *block.footer])  # type: ignore[attr-defined]
