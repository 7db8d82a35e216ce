"""LSA108 and LSA310: the keyword that the call lacks is added."""

from __future__ import annotations

import ast

import libcst as cst

from ..finding import Finding
from .arguments import with_keyword
from .draft import Draft

_LACKING = {"LSA108": ("pool_pre_ping", "True"), "LSA310": ("expire_on_commit", "False")}


def fix(draft: Draft, finding: Finding) -> None:
    """Add the keyword behind the other arguments."""
    name, value = _LACKING[finding.code]

    def completed(call: cst.Call) -> cst.Call:
        return with_keyword(call, name, cst.Name(value))

    *_, call = draft.positions.starting_at(finding.span, ast.Call)  # `create_engine(url).connect()`
    draft.change(call, cst.Call, completed)
