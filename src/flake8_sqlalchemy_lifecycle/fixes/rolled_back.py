"""LSA308: the handler begins with a rollback of the session that failed."""

from __future__ import annotations

import ast

from ..finding import Finding
from ..model import attributes
from ..model.failing import FAILS
from ..model.swallowed import Swallowed, swallowed
from ..model.values import Cls, Frame, Library
from . import CannotFix
from .draft import Draft
from .positions import is_at

_QUIET = frozenset({"add", "add_all", *FAILS})


def fix(draft: Draft, finding: Finding) -> None:
    """Put the rollback above the handler's first statement."""
    for function in draft.model.linted.functions():
        frame = draft.model.frame(function)
        for found in swallowed(draft.model, frame):
            handler = found.handler
            is_there = is_at(handler, finding.span)
            if is_there and f" {ast.unparse(found.failing.func)}()" in finding.message:
                _roll_back(draft, frame, found)
                return
    raise CannotFix("the handler is not found again")


def _roll_back(draft: Draft, frame: Frame, found: Swallowed) -> None:
    if not isinstance(found.handler, ast.ExceptHandler):
        raise CannotFix("`suppress()` has no handler that could roll back")
    _refuse_other_errors(draft, frame, found.handler)
    session = _session(draft, frame, found)
    call = f"{ast.unparse(session)}.rollback()"
    if attributes.is_async(draft.model, found.session):
        call = f"await {call}"
    draft.before(found.handler.body[0], call)


def _refuse_other_errors(draft: Draft, frame: Frame, handler: ast.ExceptHandler) -> None:
    """Refuse a handler that also gets errors after which the session is well, and its work would be lost."""
    if handler.type is not None and not any(
        isinstance(value, Library) and value.name.startswith("builtins.")
        for part in ast.walk(handler.type)
        if isinstance(part, ast.Name)
        for value in draft.model.values(part, frame)
    ):
        return
    around = frame.block.parents[handler]
    assert isinstance(around, ast.Try | ast.TryStar)
    for node in (inner for statement in around.body for inner in ast.walk(statement)):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute) and node.func.attr in _QUIET:
            continue
        if not all(isinstance(v, Cls) for v in draft.model.values(node.func, frame)):
            what = ast.unparse(node.func)
            raise CannotFix(f"an error of {what}() comes here too, after which work would be lost")


def _session(draft: Draft, frame: Frame, found: Swallowed) -> ast.expr:
    """The expression by which the function uses the session on."""
    match found.use.func:
        case ast.Attribute(value=ast.Name() | ast.Attribute() as session):
            if draft.model.values(session, frame) == frozenset({found.session}):
                return session
    raise CannotFix("the session has no name in this function")
