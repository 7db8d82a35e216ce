"""LSA107: a `dispose()` of asyncio is awaited, or passed to somebody who awaits it."""

from __future__ import annotations

import ast

import libcst as cst

from ..finding import Finding
from ..model.scopes import Block
from ..model.unawaited import Unawaited, unawaited
from . import CannotFix
from .awaits import put_await
from .draft import Draft
from .positions import is_at


def fix(draft: Draft, finding: Finding) -> None:
    """Do what the finding advises."""
    for found in unawaited(draft.model):
        node = found.node
        if is_at(node, finding.span):
            _mend(draft, found)
            return
    raise CannotFix("the disposal is not found again")


def _mend(draft: Draft, found: Unawaited) -> None:
    match found.advice, found.node.func:
        case "await it", _:
            put_await(draft, _block_of(draft, found.node), found.node)
        case "pass the method, without calling it", _:
            draft.change(found.node, cst.Call, _method)
        case "use push_async_callback()", ast.Attribute(attr="callback") as method:
            draft.change(method, cst.Attribute, _pushing)
        case advice, _:
            raise CannotFix(advice)


def _block_of(draft: Draft, call: ast.Call) -> Block:
    return next(block for found, block in draft.model.linted.calls() if found is call)


def _method(call: cst.Call) -> cst.BaseExpression:
    method = call.func
    return method.with_changes(lpar=[*call.lpar, *method.lpar], rpar=[*method.rpar, *call.rpar])


def _pushing(method: cst.Attribute) -> cst.Attribute:
    return method.with_changes(attr=method.attr.with_changes(value="push_async_callback"))
