"""An `await` put before a call, with the parentheses that it needs there."""

from __future__ import annotations

import ast

import libcst as cst

from ..model.scopes import Block
from . import CannotFix
from .draft import Draft

_WHOLE = frozenset({"execute", "scalars"})
"""What is awaited here has no method that were to be awaited, too."""


def put_await(draft: Draft, block: Block, call: ast.Call) -> None:
    """Put `await` before a call of an `async def`."""
    if not block.is_async:
        name = "a lambda" if isinstance(block.node, ast.Lambda) else f"{block.name}()"
        raise CannotFix(f"{name} is no `async def`")
    if _is_lazy(block, call):
        raise CannotFix("the generator expression would become an asynchronous one")
    parent = draft.parent(call)
    inner = isinstance(parent, cst.Attribute | cst.Subscript | cst.Call)
    parenthesized = inner and not isinstance(parent, cst.Arg)
    draft.change(call, cst.Call, _in_parentheses if parenthesized else _awaited)
    if isinstance(call.func, ast.Attribute) and call.func.attr in _WHOLE:
        _drop_outer(draft, block, call)


def _drop_outer(draft: Draft, block: Block, call: ast.Call) -> None:
    """Drop the `await` of `await session.execute(query).scalars()`: it stands before the wrong thing."""
    receiver: ast.AST = call
    for outer in block.ancestors(call):
        if isinstance(outer, ast.Await) and receiver is not call:
            draft.change(outer, cst.Await, _plain)
        is_method = isinstance(outer, ast.Call) and outer.func is receiver
        if not is_method and not isinstance(outer, ast.Attribute):
            return
        receiver = outer


def _is_lazy(block: Block, call: ast.Call) -> bool:
    inner: ast.AST = call
    for outer in block.ancestors(call):
        if isinstance(outer, ast.GeneratorExp):
            return inner is not outer.generators[0] or not _is_first_iterable(outer, call)
        inner = outer
    return False


def _is_first_iterable(generator: ast.GeneratorExp, call: ast.Call) -> bool:
    return any(node is call for node in ast.walk(generator.generators[0].iter))


def _awaited(call: cst.Call) -> cst.Await:
    """`await call`; parentheses that the call has stay around both."""
    return cst.Await(call.with_changes(lpar=[], rpar=[]), lpar=call.lpar, rpar=call.rpar)


def _in_parentheses(call: cst.Call) -> cst.Await:
    awaited = _awaited(call)
    if awaited.lpar:
        return awaited
    return awaited.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


def _plain(awaited: cst.Await) -> cst.BaseExpression:
    inner = awaited.expression
    return inner.with_changes(lpar=[*awaited.lpar, *inner.lpar], rpar=[*inner.rpar, *awaited.rpar])
