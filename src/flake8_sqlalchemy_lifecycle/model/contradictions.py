"""Whether two places of a function exclude each other: `if key == "a": …`, and further down `if key == "b": …`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from .bindings import Parameter
from .flow import loops_around
from .scopes import Block

_TESTS = (ast.Eq, ast.NotEq, ast.In, ast.NotIn)
_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_Constant = str | int | tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Fact:
    """What holds where a place is reached: `subject operation constant`."""

    subject: str
    operation: type[ast.cmpop]
    constant: _Constant

    def allows(self, value: object) -> bool:
        """Can the subject be `value`?"""
        if self.operation in (ast.Eq, ast.NotEq):
            return (value == self.constant) is (self.operation is ast.Eq)
        among = self.constant
        if isinstance(among, str):
            held = isinstance(value, str) and value in among
        else:
            held = isinstance(among, tuple) and value in among
        return held is (self.operation is ast.In)

    def values(self) -> tuple[object, ...] | None:
        """All that the subject can be, where these are few."""
        if self.operation is ast.Eq:
            return (self.constant,)
        if self.operation is ast.In and isinstance(self.constant, tuple):
            return self.constant
        return None


def exclude_each_other(block: Block, one: ast.AST, other: ast.AST) -> bool:
    """Does what the tests around one place say rule out what those around the other one say?"""
    first = list(_facts(block, one, other))
    return bool(first) and any(
        known.subject == told.subject and (_rules_out(known, told) or _rules_out(told, known))
        for told in _facts(block, other, one)
        for known in first
    )


def _rules_out(known: _Fact, told: _Fact) -> bool:
    values = known.values()
    return values is not None and not any(told.allows(value) for value in values)


def _facts(block: Block, node: ast.AST, beside: ast.AST) -> Iterator[_Fact]:
    """What the tests say that stand around a node, and not around the other one."""
    around = {beside, *block.ancestors(beside)}
    inside = node
    for outer in block.ancestors(node):
        if isinstance(outer, ast.If) and outer not in around:
            if inside in outer.body:
                yield from _told(block, outer.test, node)
            elif inside in outer.orelse:
                yield from _told_by_failure(block, outer.test, node)
        inside = outer


def _told(block: Block, test: ast.expr, node: ast.AST) -> Iterator[_Fact]:
    match test:
        case ast.BoolOp(op=ast.And(), values=parts):
            for part in parts:
                yield from _told(block, part, node)
        case ast.Compare(left=left, ops=[op], comparators=[right]) if isinstance(op, _TESTS):
            constant = _constant(right)
            if constant is not None and _stays(block, left, node):
                yield _Fact(ast.dump(left), type(op), constant)


def _told_by_failure(block: Block, test: ast.expr, node: ast.AST) -> Iterator[_Fact]:
    match test:
        case ast.BoolOp(op=ast.Or(), values=parts):
            for part in parts:
                yield from _told_by_failure(block, part, node)
        case ast.Compare():
            for fact in _told(block, test, node):
                yield _Fact(fact.subject, _OPPOSITE[fact.operation], fact.constant)


def _constant(node: ast.expr) -> _Constant | None:
    match node:
        case ast.Constant(value=str() | int() as value):
            return value
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            values = [part.value for part in parts if isinstance(part, ast.Constant)]
            return tuple(values) if len(values) == len(parts) else None
    return None


def _stays(block: Block, subject: ast.expr, node: ast.AST) -> bool:
    """Is the subject a name that is bound once, outside of the loops around, or an attribute of one?"""
    while isinstance(subject, ast.Attribute):
        subject = subject.value
    if not isinstance(subject, ast.Name):
        return False
    bindings = block.bindings.get(subject.id, ())
    if len(bindings) != 1:
        return False
    if isinstance(bindings[0].origin, Parameter):
        return True
    loops = set(loops_around(block, node))
    return loops.isdisjoint({bindings[0].node, *block.ancestors(bindings[0].node)})
