"""A resource that a function opens and gives a name of its own, and the statements that use it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..finding import Finding
from ..model import attributes
from ..model.scopes import Block
from . import CannotFix
from .draft import Draft
from .positions import is_at


@dataclass(frozen=True, slots=True)
class Named:
    """The assignment `name = opening()`, and the statements behind it in its list."""

    block: Block
    statement: ast.stmt
    name: str
    call: ast.Call
    is_async: bool
    following: Sequence[ast.stmt]

    def uses(self, node: ast.AST) -> bool:
        """Is the name spelled somewhere in a node?"""
        return any(isinstance(n, ast.Name) and n.id == self.name for n in ast.walk(node))


def named(draft: Draft, finding: Finding) -> Named:
    """The resource whose opening call is reported."""
    for call, block in draft.model.linted.calls():
        if not is_at(call, finding.span):
            continue
        match block.parents[call]:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) as statement:
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=value) as statement:
                pass
            case _:
                continue
        if value is call:
            return _checked(draft, block, statement, name, call)
    raise CannotFix("what is opened has no name of its own")


def _checked(draft: Draft, block: Block, statement: ast.stmt, name: str, call: ast.Call) -> Named:
    if not block.is_function or len(block.bindings.get(name, ())) != 1:
        raise CannotFix(f"{name} is given more than one value")
    if any(name in inner.words for inner in block.inner.values()):
        raise CannotFix(f"a function inside uses {name}")
    values = draft.model.values(call, draft.model.frame(block))
    is_async = any(attributes.is_async(draft.model, value) for value in values)
    if is_async and not block.is_async:
        raise CannotFix(f"{block.name}() is no `async def`")
    for part in ("body", "orelse", "finalbody"):
        statements = getattr(block.parents[statement], part, None)
        if isinstance(statements, list) and statement in statements:
            following = statements[statements.index(statement) + 1 :]
            return Named(block, statement, name, call, is_async, following)
    raise CannotFix("the statement is part of another one")


def last_use(
    of: Named, statements: Sequence[ast.stmt], *, but: tuple[type[ast.stmt], ...] = ()
) -> ast.stmt:
    """The last of some statements that uses the resource, or what was got by it, other than inside of `but`."""
    names, last = {of.name}, None
    for statement in statements:
        if not names.isdisjoint(_names(statement, ast.Load)):
            names.update(_names(statement, ast.Store, but))
            last = statement
    if last is None:
        raise CannotFix(f"{of.name} is not used where it is opened")
    return last


def _names(
    node: ast.AST, context: type[ast.expr_context], but: tuple[type[ast.stmt], ...] = ()
) -> Iterator[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, context):
        yield node.id
    if not isinstance(node, but):
        for inner in ast.iter_child_nodes(node):
            yield from _names(inner, context, but)
