"""Who else says the name of a function: what would meet a change of it."""

from __future__ import annotations

import ast

from ..model.scopes import Block
from . import CannotFix
from .draft import Draft


def refuse_mentions(draft: Draft, function: Block, allowed: int) -> None:
    """Refuse to change a function whose name is read more often than that, or taken by another file."""
    linted = draft.model.linted
    reads = [n for n in ast.walk(linted.tree) if isinstance(n, ast.Name) and n.id == function.name]
    if len(reads) > allowed:
        raise CannotFix(f"{function.name}() is used elsewhere in this file")
    for path in linted.project.files:
        if path != linted.path and function.name in linted.project.identifiers(path):
            if linted.path in linted.project.imported(path):
                where = linted.project.display(path)
                raise CannotFix(f"{function.name}() may be used in {where}")
