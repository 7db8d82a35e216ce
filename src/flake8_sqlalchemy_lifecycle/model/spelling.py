"""What an expression spells, before anything is inferred: cheap, and enough to pass over most of a file."""

from __future__ import annotations

import ast


def last_name(node: ast.AST) -> str | None:
    """`c` of `a.b.c` and of `c`; None for other expressions."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


def opener_name(call: ast.Call) -> str | None:
    """The last name of what is called: `maker` of `db.maker()`, `get_maker` of `get_maker()()`."""
    target = call.func
    return last_name(target.func if isinstance(target, ast.Call) else target)


def spelled(node: ast.AST) -> set[str]:
    """The names in an expression, and its strings, which may be names for `getattr`."""
    found: set[str] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            found.add(part.id)
        elif isinstance(part, ast.Attribute):
            found.add(part.attr)
        elif isinstance(part, ast.Constant) and isinstance(part.value, str):
            found.add(part.value)
    return found


def arguments(call: ast.Call) -> list[ast.expr]:
    """All that a call passes, by position and by keyword."""
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def argument_of(call: ast.Call, keyword: str, index: int | None = None) -> ast.expr | None:
    """The expression that a call passes for a keyword or at a position."""
    for given in call.keywords:
        if given.arg == keyword:
            return given.value
    if index is not None and index < len(call.args):
        if not any(isinstance(a, ast.Starred) for a in call.args[: index + 1]):
            return call.args[index]
    return None
