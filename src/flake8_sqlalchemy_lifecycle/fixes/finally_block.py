"""What comes after a generator's `yield` is put into a `finally`."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import libcst as cst

from ..model.scopes import Block
from . import CannotFix
from .blocks import TRY, guarded
from .draft import Draft
from .edits import Statement

_GUARDED = ast.Expr | ast.Assign | ast.With | ast.AsyncWith | ast.Try


def only_yield(block: Block) -> ast.Yield:
    """The one place where a generator yields."""
    match block.yields:
        case [ast.Yield() as found]:
            return found
        case []:
            raise CannotFix(f"{block.name}() does not yield")
    raise CannotFix(f"{block.name}() yields in several places")


def guard(draft: Draft, block: Block, at: ast.stmt, *new: str) -> None:
    """Put all that follows the statement `at` in its block, and then `new` ones, into a `finally` of it."""
    if not isinstance(at, _GUARDED):
        raise CannotFix("the `yield` stands in a loop or under a condition")
    around = draft.block(at)
    if isinstance(around, cst.Module):
        raise CannotFix(f"{block.name}() has no block of its own")
    if isinstance(at, ast.Try) and at.finalbody and draft.index(at) == len(around.body) - 1:
        draft.after(at.finalbody[-1], *new)
        return

    ending = [*map(draft.new, new)]
    if draft.index(at) == len(around.body) - 1:
        ending[:1] = [one.with_changes(leading_lines=around.footer) for one in ending[:1]]
        draft.change(around, cst.IndentedBlock, lambda block: block.with_changes(footer=[]))

    def ended(statements: Sequence[Statement]) -> list[Statement]:
        first, *rest = statements
        whole = guarded(draft.new(TRY), [first], [*rest, *ending], around.indent)
        if isinstance(first, cst.Try) and first.finalbody is None:
            return [first.with_changes(finalbody=whole.finalbody)]
        return [whole]

    draft.rewrite(at, around.body[-1], ended)


def statement_in(block: Block, node: ast.AST, body: Sequence[ast.stmt]) -> ast.stmt | None:
    """The statement of a list that a node is (part of)."""
    chain = (node, *block.ancestors(node))
    return next((each for each in chain if each in body and isinstance(each, ast.stmt)), None)
