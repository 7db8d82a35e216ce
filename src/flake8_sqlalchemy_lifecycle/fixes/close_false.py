"""LSA504: a forked child forgets the connections that it inherited, by `dispose(close=False)`."""

from __future__ import annotations

import ast

import libcst as cst

from ..finding import Finding
from ..model.child_disposals import child_disposals
from . import CannotFix
from .arguments import with_keyword
from .draft import Draft
from .positions import is_at


def fix(draft: Draft, finding: Finding) -> None:
    """Give the call of `dispose()` its `close=False`."""
    for found in child_disposals(draft.model):
        place = found.place
        if is_at(place, finding.span):
            break
    else:
        raise CannotFix("the disposal is not found again")
    if found.block.module.path != draft.model.linted.path:
        raise CannotFix(f"the engine is disposed in {found.block.module.display}")
    parents = found.block.parents
    method = parents[found.owner]
    match parents[method]:
        case ast.Call(func=func, args=[], keywords=[]) as call if func is method:
            draft.change(call, cst.Call, _forgetting)
        case ast.Call(func=func) if func is method:
            raise CannotFix("dispose() is given arguments already")
        case ast.keyword(arg="after_in_child"):
            given = draft.node(method, cst.Attribute)
            draft.replace(given, cst.Lambda(cst.Parameters(), _forgetting(cst.Call(given))))
        case _:
            raise CannotFix("dispose() is called by somebody else")


def _forgetting(call: cst.Call) -> cst.Call:
    return with_keyword(call, "close", cst.Name("False"))
