"""LSA102: an engine that a function makes for one job is disposed in a `finally`."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from ..finding import Finding
from . import CannotFix
from .blocks import TRY, guarded
from .draft import Draft
from .edits import Statement
from .named import last_use, named

_DONE = (ast.With, ast.AsyncWith)
"""What is got inside of these, from a connection or a session, needs no engine behind them."""


def fix(draft: Draft, finding: Finding) -> None:
    """Put what uses the engine into a `try`, and its disposal into the `finally`."""
    engine = named(draft, finding)
    if engine.block.yields:
        raise CannotFix(f"{engine.block.name}() is a generator")
    end = last_use(engine, engine.following, but=_DONE)
    call = f"{engine.name}.dispose()"
    if engine.is_async:
        call = f"await {call}"
    block = draft.block(engine.statement)

    def ended(statements: Sequence[Statement]) -> list[Statement]:
        indent = getattr(block, "indent", None)
        return [guarded(draft.new(TRY), statements, [draft.new(call)], indent)]

    draft.rewrite(engine.following[0], end, ended)
