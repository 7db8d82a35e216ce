"""LSA306: the `await` before what is no coroutine is dropped."""

from __future__ import annotations

import libcst as cst

from ..finding import Finding
from ..model.awaiting import awaited_plain, awaiting_plain
from . import CannotFix
from .draft import Draft
from .positions import is_at


def fix(draft: Draft, finding: Finding) -> None:
    """Drop the first such `await` of the statement."""
    for block in awaiting_plain(draft.model.linted):
        for node, _ in awaited_plain(draft.model, draft.model.frame(block)):
            statement = block.statement(node) or node
            if is_at(statement, finding.span):
                awaited = draft.node(node, cst.Await)
                bare = _without_parentheses if _needs_none(draft, awaited) else _bare
                draft.change(awaited, cst.Await, bare)
                return
    raise CannotFix("the `await` is not found again")


def _needs_none(draft: Draft, awaited: cst.Await) -> bool:
    """Are the parentheses of `(await x).y` there for the `await` alone?"""
    parent = draft.parent(awaited)
    if not isinstance(parent, cst.Attribute | cst.Subscript) or not awaited.lpar:
        return False
    place = draft.positions.range(awaited.lpar[0]).start
    before = draft.lines[place.line - 1][: place.column]
    whole = draft.module.code_for_node(awaited)
    return not before[-1:].isidentifier() and "\n" not in whole and "\r" not in whole


def _without_parentheses(awaited: cst.Await) -> cst.BaseExpression:
    return awaited.expression


def _bare(awaited: cst.Await) -> cst.BaseExpression:
    inner = awaited.expression
    return inner.with_changes(lpar=[*awaited.lpar, *inner.lpar], rpar=[*inner.rpar, *awaited.rpar])
