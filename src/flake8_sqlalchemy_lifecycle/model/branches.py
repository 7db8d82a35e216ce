"""Which statements of a function run in the child that its `os.fork()` makes."""

from __future__ import annotations

import ast
import operator
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from . import calls
from .flow import position
from .scopes import Block

if TYPE_CHECKING:
    from .inference import Model

_COMPARISONS = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
}
_ENDS = ("os._exit", "os.exec", "os.abort")
_RAISES = ("sys.exit", "builtins.exit", "builtins.quit")


def child_branch(model: Model, fork: ast.Call, block: Block) -> frozenset[ast.AST]:
    """The nodes that the child evaluates: its branch, and what follows where the branch does not end it.

    The context of a `with` around counts as well where the child leaves it.
    """
    return frozenset(
        node
        for part in _parts(model, fork, block)
        for node in _nodes(part)
        if node in block.parents
    )


def _parts(model: Model, fork: ast.Call, block: Block) -> Iterator[ast.AST]:
    statement = block.statement(fork)
    if statement is None:
        return
    choice = _choice(fork, statement, block)
    branch: list[ast.stmt] = []
    if choice is not None:
        branch = _taken(choice)
        yield from branch
    if branch and _ends_with(model, branch, block, _ENDS):
        return
    if not branch or not (_leaves(branch) or _ends_with(model, branch, block, _RAISES)):
        for after in _following(choice or statement, block):
            yield after
            if _ends_with(model, [after], block, _ENDS):
                return
    for ancestor in block.ancestors(statement):
        if isinstance(ancestor, ast.With | ast.AsyncWith):
            for item in ancestor.items:
                yield item.optional_vars or item.context_expr


def _choice(fork: ast.Call, statement: ast.stmt, block: Block) -> ast.If | ast.Match | None:
    """The `if` or `match` that tells the child from its parent."""
    if isinstance(statement, ast.If | ast.Match):
        return statement
    name = None
    if isinstance(statement, ast.Assign) and statement.value is fork:
        name = next((t.id for t in statement.targets if isinstance(t, ast.Name)), None)
    for after in _following(statement, block):
        match after:
            case ast.If(test=test) | ast.Match(subject=test) if _mentions(test, name):
                return after
    return None


def _mentions(test: ast.expr, name: str | None) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(test))


def _taken(choice: ast.If | ast.Match) -> list[ast.stmt]:
    """The branch that a process takes for which `os.fork()` returned 0."""
    if isinstance(choice, ast.Match):
        return next((case.body for case in choice.cases if _is_case_of_zero(case.pattern)), [])
    if _is_true_for_zero(choice.test):
        return choice.body
    match choice.orelse:
        case [ast.If() as other]:
            return _taken(other)
    return choice.orelse


def _is_case_of_zero(pattern: ast.pattern) -> bool:
    match pattern:
        case ast.MatchValue(value=ast.Constant(value=value)):
            return value == 0
        case ast.MatchAs(pattern=None):
            return True
        case ast.MatchOr(patterns=patterns):
            return any(map(_is_case_of_zero, patterns))
    return False


def _is_true_for_zero(test: ast.expr) -> bool:
    match test:
        case ast.UnaryOp(op=ast.Not()):
            return not _is_true_for_zero(test.operand)
        case ast.Compare(ops=[operation], comparators=[ast.Constant(value=int() as number)]):
            compare = _COMPARISONS.get(type(operation))
            return compare is not None and bool(compare(0, number))
    return False


def _following(statement: ast.stmt, block: Block) -> Iterator[ast.stmt]:
    """The statements behind one, in its list and in those around."""
    inside: ast.AST = statement
    for ancestor in block.ancestors(statement):
        for field in ("body", "orelse", "finalbody"):
            statements = getattr(ancestor, field, None)
            if isinstance(statements, list) and inside in statements:
                yield from statements[statements.index(inside) + 1 :]
        inside = ancestor


def ends_process(model: Model, statements: list[ast.stmt], block: Block) -> bool:
    """Does the last of the statements end the process: `os._exit()`, `os.execv()`, `sys.exit()`?"""
    return bool(statements) and _ends_with(model, statements, block, (*_ENDS, *_RAISES))


def _leaves(statements: list[ast.stmt]) -> bool:
    return isinstance(statements[-1], ast.Return | ast.Raise | ast.Continue | ast.Break)


def _ends_with(
    model: Model, statements: list[ast.stmt], block: Block, functions: tuple[str, ...]
) -> bool:
    """Does the last of the statements call one of the functions (the beginnings of their names)?"""
    match statements[-1]:
        case ast.Expr(value=ast.Call() as call):
            names = calls.names_of(model, model.values(call.func, model.frame(block)))
            return any(name.startswith(functions) for name in names)
        case ast.Try(finalbody=[*_, last]) | ast.Try(body=[*_, last]) | ast.With(body=[*_, last]):
            return _ends_with(model, [last], block, functions)
    return False


def _nodes(part: ast.AST) -> Iterable[ast.AST]:
    return sorted(ast.walk(part), key=position)
