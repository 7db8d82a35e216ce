"""The names that a file binds."""

from __future__ import annotations

import ast


def bound_names(tree: ast.Module) -> dict[str, list[ast.AST]]:
    """All that binds a name, in whichever scope, by the name."""
    found: dict[str, list[ast.AST]] = {}
    for node in ast.walk(tree):
        name = _bound_by(node)
        if name is not None:
            found.setdefault(name, []).append(node)
    return found


def _bound_by(node: ast.AST) -> str | None:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            return name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return name
        case ast.ClassDef(name=name) | ast.ExceptHandler(name=name):
            return name
        case ast.arg(arg=name):
            return name
        case ast.alias(name=dotted, asname=asname):
            return asname or dotted.split(".")[0]
        case ast.MatchAs(name=name) | ast.MatchStar(name=name) | ast.MatchMapping(rest=name):
            return name
    return None
