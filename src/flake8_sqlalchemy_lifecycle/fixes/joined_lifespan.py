"""Steps that join a lifespan which is there: what starts, right before its `yield`; what ends, right after it."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import libcst as cst

from ..model.lifespans import Lifespans
from ..model.scopes import Block
from . import CannotFix
from .blocks import under
from .draft import Draft
from .edits import Statement
from .mentions import refuse_mentions
from .registrations import Step


def join(
    draft: Draft, given: Lifespans, block: Block, starts: Sequence[Step], ends: Sequence[Step]
) -> None:
    """Note the steps of handlers, which are registered in `block`, to be written into the lifespan."""
    function = _function(draft, given)
    statement = _yielding(function)
    for step in (*starts, *ends):
        if step.is_local and function.parent is not block:
            raise CannotFix(f"the handler is made where {function.name}() does not see it")
        for name in step.names:
            _refuse_unseen(name, function, block)
    refuse_mentions(draft, function, allowed=1)
    place = draft.node(statement, cst.Expr)
    indent = draft.indent(draft.block(place))
    before = [draft.new(step.code) for step in starts]

    def around(statements: Sequence[Statement]) -> Sequence[Statement]:
        if not ends:
            return [*before, *statements]
        lines = "".join(f"{indent}{line}\n" for step in ends for line in step.code.split("\n"))
        guard = draft.new(f"try:\n{indent}pass\nfinally:\n{lines}")
        return [*before, under(guard, statements, indent)]

    draft.rewrite(place, place, around)


def _function(draft: Draft, given: Lifespans) -> Block:
    """The one function that is the lifespan."""
    if len(given.frames) != 1 or not given.certain:
        raise CannotFix("the lifespan is not one function")
    block = given.frames[0].block
    if block.module is not draft.model.linted:
        raise CannotFix(f"the lifespan is in {block.module.display}")
    return block


def _yielding(function: Block) -> ast.Expr:
    """The one statement that is the lifespan's `yield`."""
    if not isinstance(function.node, ast.AsyncFunctionDef) or len(function.yields) != 1:
        raise CannotFix(f"{function.name}() does not yield in one place")
    statement = function.parents[function.yields[0]]
    loops = (ast.For, ast.AsyncFor, ast.While, ast.If, ast.Match)
    if not isinstance(statement, ast.Expr):
        raise CannotFix(f"{function.name}() uses what its `yield` gives")
    if any(isinstance(outer, loops) for outer in function.ancestors(statement)):
        raise CannotFix(f"{function.name}() yields under a condition, or in a loop")
    return statement


def _refuse_unseen(name: str, function: Block, block: Block) -> None:
    """Refuse a name that means something else in the lifespan than where the handlers are registered."""
    home = _home(name, block)
    around: Block | None = function
    while around is not None and around is not home:
        if name in around.bindings and not around.is_class:
            raise CannotFix(f"{name} is the name of something else in {function.name}()")
        around = around.parent
    if around is None and home is not None:
        raise CannotFix(f"{name} is not visible in {function.name}()")


def _home(name: str, block: Block) -> Block | None:
    around: Block | None = block
    while around is not None and (around.is_class or name not in around.bindings):
        around = around.parent
    return around
