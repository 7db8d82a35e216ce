"""LSA204: a disposal behind a lifespan's `yield` goes into its `finally`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

import libcst as cst

from ..finding import Finding
from ..model.guarantees import skipped_here
from ..model.scopes import Block
from . import CannotFix
from .draft import Draft
from .finally_block import guard, only_yield, statement_in
from .positions import is_at


def fix(draft: Draft, finding: Finding) -> None:
    """Guard the `yield`, with all that is done behind it."""
    for skip, place in skipped_here(draft.model):
        if is_at(place, finding.span):
            if skip.frame.block.module is not draft.model.linted:
                raise CannotFix(f"the engine is disposed in {skip.where}")
            _guard(draft, skip.frame.block, skip.node)
            return
    raise CannotFix("the disposal is not found again")


def _guard(draft: Draft, block: Block, disposal: ast.AST) -> None:
    yielding = only_yield(block)
    for around in block.ancestors(disposal):
        for body in _bodies(around):
            before, after = (statement_in(block, n, body) for n in (yielding, disposal))
            if before is not None and after is not None and before is not after:
                guard(draft, block, before)
                return
        if isinstance(around, ast.Try) and statement_in(block, disposal, around.orelse):
            if statement_in(block, yielding, around.body):
                _else_to_finally(draft, around)
                return
    raise CannotFix("the disposal does not follow the `yield`")


def _bodies(node: ast.AST) -> Iterator[Sequence[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        body = getattr(node, name, None)
        if isinstance(body, list):
            yield body


def _else_to_finally(draft: Draft, around: ast.Try) -> None:
    if len(around.orelse) > 1 or around.finalbody:
        raise CannotFix("the `else` does more than dispose the engine")

    def moved(statement: cst.Try) -> cst.Try:
        assert statement.orelse is not None
        final = cst.Finally(statement.orelse.body, leading_lines=statement.orelse.leading_lines)
        return statement.with_changes(orelse=None, finalbody=final)

    draft.change(around, cst.Try, moved)
