"""Which branches the arguments of an activation choose: `add(session, row, commit=False)` never commits."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .scopes import Block, remembered
from .values import Constant, Frame, Instance, Made, Unknown, Value

if TYPE_CHECKING:
    from .inference import Model

_LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)


def truth(model: Model, test: ast.expr, frame: Frame) -> bool | None:
    """Is the test true for the arguments of this activation? None where they do not tell."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inner = truth(model, operand, frame)
            return None if inner is None else not inner
        case ast.Compare(left=left, ops=[op], comparators=[ast.Constant(value=None)]):
            nothing = {value == Constant(None) for value in model.values(left, frame)}
            is_none = nothing.pop() if len(nothing) == 1 else None
            if is_none is None or Unknown() in model.values(left, frame):
                return None
            return is_none if isinstance(op, ast.Is) else not is_none
        case ast.BoolOp(op=ast.And(), values=parts):
            return False if any(truth(model, part, frame) is False for part in parts) else None
        case ast.Name():
            truths = {_is_true(value) for value in model.values(test, frame)}
            return truths.pop() if len(truths) == 1 else None
    return None


def is_skipped(model: Model, node: ast.AST, frame: Frame) -> bool:
    """Do the arguments of this activation keep the node from being reached?"""
    block = frame.block
    if frame.caller is None or not _has_deciding(block):
        return False
    inside = node
    for outer in block.ancestors(node):
        if isinstance(outer, ast.If) and _is_about_arguments(outer.test, block):
            chosen = truth(model, outer.test, frame)
            if (inside in outer.body and chosen is False) or (inside in outer.orelse and chosen):
                return True
        for field in ("body", "orelse", "finalbody"):
            statements = getattr(outer, field, None)
            if isinstance(statements, list) and inside in statements:
                before = statements[: statements.index(inside)]
                if any(_leaves(model, statement, frame) for statement in before):
                    return True
        inside = outer
    body = getattr(block.node, "body", None)
    if isinstance(body, list) and inside in body:
        return any(_leaves(model, s, frame) for s in body[: body.index(inside)])
    return False


@remembered
def _has_deciding(block: Block) -> bool:
    """Has the function an `if` about its arguments?"""
    return any(_is_about_arguments(node.test, block) for node in block.nodes_of(ast.If))


def _leaves(model: Model, statement: ast.stmt, frame: Frame) -> bool:
    """`if not commit: return`"""
    return (
        isinstance(statement, ast.If)
        and isinstance(statement.body[-1], _LEAVES)
        and _is_about_arguments(statement.test, frame.block)
        and truth(model, statement.test, frame) is True
    )


def _is_about_arguments(test: ast.expr, block: Block) -> bool:
    return any(isinstance(n, ast.Name) and n.id in block.parameters for n in ast.walk(test))


def _is_true(value: Value) -> bool | None:
    match value:
        case Constant(constant):
            return bool(constant)
        case Made() | Instance():
            return True
    return None
