"""LSA106: arguments that a pool does not take are dropped, misspelt ones mended, classes exchanged for their twin."""

from __future__ import annotations

import ast

import libcst as cst

from ..finding import Finding
from ..model import pools
from ..model.engine_calls import engine_calls
from ..model.pools import Misfit
from . import CannotFix
from .arguments import find, without_keyword
from .draft import Draft
from .positions import is_at

_TWINS = {
    "sqlalchemy.QueuePool": "AsyncAdaptedQueuePool",
    "sqlalchemy.AsyncAdaptedQueuePool": "QueuePool",
}


def fix(draft: Draft, finding: Finding) -> None:
    """Mend all arguments of the creating call."""
    for engine, _ in engine_calls(draft.model):
        call = engine.call
        if call is not None and is_at(call, finding.span):
            misfits = [*pools.misfits(draft.model, engine)]
            for misfit in misfits:
                _mend(draft, call, misfit)
            if misfits:
                return
    raise CannotFix("the argument is not found again")


def _mend(draft: Draft, call: ast.Call, misfit: Misfit) -> None:
    name = misfit.argument
    given = find(draft.node(call, cst.Call), name)
    if given is None:
        raise CannotFix(f"{name} is not given in the call itself")
    if misfit.meant:
        _rename(draft, call, given, misfit.meant)
        return
    twin = _TWINS.get(misfit.pool) if name == "poolclass" else None
    if twin is None:
        draft.change(call, cst.Call, lambda old: without_keyword(old, name))
        return
    if not isinstance(given.value, cst.Name | cst.Attribute):
        raise CannotFix("the pool class is not named in the call itself")
    if isinstance(given.value, cst.Name):
        draft.imports.drop(given.value.value)
    draft.replace(given.value, draft.expression(draft.imports.name("sqlalchemy", twin)))


def _rename(draft: Draft, call: ast.Call, given: cst.Arg, meant: str) -> None:
    assert given.keyword is not None
    if not meant.isidentifier():
        raise CannotFix(f"what {given.keyword.value} means is not clear")
    if find(draft.node(call, cst.Call), meant) is not None:
        raise CannotFix(f"{meant} is given as well")
    draft.replace(given.keyword, cst.Name(meant))
