"""LSA302, LSA303 and LSA312: a `with` closes the session that a function opens."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import libcst as cst

from ..finding import Finding
from ..model.holding import CLOSES
from . import CannotFix
from .blocks import without_empty_lines
from .draft import Draft
from .edits import Statement
from .named import Named, last_use, named


def fix(draft: Draft, finding: Finding) -> None:
    """Put what uses the session under `with opening() as session:`, in place of its `close()`."""
    session = named(draft, finding)
    closing = [statement for statement in session.following if _closes(session, statement)]
    if len(closing) > 1:
        raise CannotFix(f"{session.name} is closed in several places")
    inside: Sequence[ast.stmt] = session.following
    if closing:
        end = closing[0]
        inside = inside[: inside.index(end)]
        behind = session.following[len(inside) + 1 :]
        if any(session.uses(statement) for statement in behind):
            raise CannotFix(f"{session.name} is used after it is closed")
    else:
        end = last_use(session, inside)
        inside = inside[: inside.index(end) + 1]
        if not session.block.yields:
            _refuse_loose_results(inside)
    if not inside:
        raise CannotFix(f"{session.name} is not used where it is opened")
    block = draft.block(session.statement)
    keyword = "async with" if session.is_async else "with"
    opening = draft.module.code_for_node(draft.node(session.call, cst.Call))
    header = draft.new(f"{keyword} {opening} as {session.name}:\n    pass\n")

    def wrapped(statements: Sequence[Statement]) -> list[Statement]:
        first, *rest = statements
        if closing:
            rest = rest[:-1]
        assert isinstance(first, cst.SimpleStatementLine)
        body = cst.IndentedBlock(
            [without_empty_lines(rest[0]), *rest[1:]],
            header=first.trailing_whitespace,
            indent=getattr(block, "indent", None),
        )
        return [header.with_changes(leading_lines=first.leading_lines, body=body)]

    draft.rewrite(session.statement, end, wrapped)
    if isinstance(session.statement, ast.AnnAssign):
        annotation = ast.walk(session.statement.annotation)
        draft.imports.drop(*(node.id for node in annotation if isinstance(node, ast.Name)))


def _closes(session: Named, statement: ast.stmt) -> bool:
    match statement:
        case (
            ast.Expr(value=ast.Await(value=ast.Call() as call)) | ast.Expr(value=ast.Call() as call)
        ):
            match call.func:
                case ast.Attribute(attr=method, value=ast.Name(id=name)):
                    return name == session.name and method in CLOSES
    return False


def _refuse_loose_results(statements: Sequence[ast.stmt]) -> None:
    """Refuse to close a session behind the back of what a function returns: it may load more by it."""
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.Return) and not isinstance(
                node.value, ast.Constant | ast.Compare | None
            ):
                raise CannotFix("what the function returns may still need the session")
