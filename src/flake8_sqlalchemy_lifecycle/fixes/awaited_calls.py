"""LSA305: `await` is put before the call that nobody awaits, `async` before the `with`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import libcst as cst

from ..finding import Finding, Span
from ..model.awaiting import STARTING, lost_calls, method_called, plainly_entered, suspects
from ..model.scopes import Block
from . import CannotFix
from .awaits import put_await
from .draft import Draft
from .positions import is_at


def fix(draft: Draft, finding: Finding) -> None:
    """Await such calls of the statement, or enter it as asyncio's `with`."""
    nodes = [
        (block, node)
        for block, node, said in _lost(draft)
        if finding.message.startswith(said) and _starts_at(block, node, finding.span)
    ]
    for block, node in nodes:
        if isinstance(node, ast.With):
            _enter(draft, block, node)
        elif isinstance(node.func, ast.Attribute) and node.func.attr in STARTING:
            raise CannotFix(f"it may be meant to be awaited or entered: {ast.unparse(node)}")
        else:
            put_await(draft, block, node)
    if not nodes:
        raise CannotFix("the call is not found again")


def _lost(draft: Draft) -> Iterator[tuple[Block, ast.Call | ast.With, str]]:
    """The calls and statements, with what a finding about each begins with."""
    for block in suspects(draft.model.linted):
        frame = draft.model.frame(block)
        for lost in lost_calls(draft.model, frame):
            assert isinstance(lost.node, ast.Call)
            yield block, lost.node, f"{method_called(lost.node)}()"
        for with_, context, _ in plainly_entered(draft.model, frame):
            yield block, with_, f"`with {ast.unparse(context)}`"


def _starts_at(block: Block, node: ast.AST, span: Span) -> bool:
    statement = block.statement(node)
    while statement is None and block.parent is not None:  # in a lambda
        node, block = block.node, block.parent
        statement = block.statement(node)
    place = statement or node
    return is_at(place, span)


def _enter(draft: Draft, block: Block, node: ast.With) -> None:
    if not block.is_async:
        raise CannotFix(f"{block.name}() is no `async def`")
    wanted = [w for w, _, _ in plainly_entered(draft.model, draft.model.frame(block)) if w is node]
    if len(wanted) != len(node.items):
        raise CannotFix("the `with` enters something else, too")
    draft.change(node, cst.With, _asynchronous)


def _asynchronous(with_: cst.With) -> cst.With:
    return with_.with_changes(asynchronous=cst.Asynchronous())
