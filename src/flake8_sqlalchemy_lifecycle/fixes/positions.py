"""Where the nodes of a file stand: from `ast` to LibCST and back.

Both trees are of the same text. `ast` counts columns in UTF-8 bytes, LibCST in characters; and `ast` counts the
parentheses of a tuple or generator expression in, LibCST does not. Two nodes are the same where kind and place
agree.
"""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TypeVar

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, ParentNodeProvider, PositionProvider

from ..catalogue import Place
from ..finding import Span
from ..model.flow import position
from . import CannotFix

_Place = tuple[int, int]
_Node = TypeVar("_Node", bound=ast.AST)

_KINDS: dict[type[ast.AST], tuple[type[cst.CSTNode], ...]] = {
    ast.AsyncFor: (cst.For,),
    ast.AsyncFunctionDef: (cst.FunctionDef,),
    ast.AsyncWith: (cst.With,),
    ast.BinOp: (cst.BinaryOperation,),
    ast.BoolOp: (cst.BooleanOperation,),
    ast.Compare: (cst.Comparison,),
    ast.Constant: (
        cst.SimpleString,
        cst.ConcatenatedString,
        cst.Integer,
        cst.Float,
        cst.Imaginary,
        cst.Name,
        cst.Ellipsis,
    ),
    ast.Delete: (cst.Del,),
    ast.ExceptHandler: (cst.ExceptHandler, cst.ExceptStarHandler),
    ast.FormattedValue: (cst.FormattedStringExpression,),
    ast.JoinedStr: (cst.FormattedString, cst.ConcatenatedString),
    ast.Starred: (cst.StarredElement, cst.Arg),
    ast.UnaryOp: (cst.UnaryOperation,),
    ast.YieldFrom: (cst.Yield,),
    ast.alias: (cst.ImportAlias,),
    ast.arg: (cst.Param,),
    ast.keyword: (cst.Arg,),
}
"""What LibCST calls a node of `ast`, where it is not by the same name."""


class Positions:
    """The places of one file's nodes, in both of its trees."""

    def __init__(self, lines: list[str], tree: ast.Module, module: cst.Module) -> None:
        wrapper = MetadataWrapper(module, unsafe_skip_copy=True)  # the parser gives no node twice
        self._ranges = wrapper.resolve(PositionProvider)
        self._parents = wrapper.resolve(ParentNodeProvider)
        self._tree = tree
        self._lines = lines

    def parent(self, node: cst.CSTNode) -> cst.CSTNode:
        """The node that a node is part of."""
        return self._parents[node]

    def range(self, node: cst.CSTNode) -> CodeRange:
        """Where a node stands, in LibCST's way of counting."""
        return self._ranges[node]

    def starting_at(self, span: Span, kind: type[_Node]) -> list[_Node]:
        """The nodes of a kind that start where a finding stands, outer ones first."""
        return [
            node
            for node in ast.walk(self._tree)
            if isinstance(node, kind)
            and getattr(node, "lineno", None) == span.line
            and getattr(node, "col_offset", None) == span.column
        ]

    def cst_of(self, node: ast.AST) -> cst.CSTNode:
        """LibCST's node for one of `ast`."""
        start, end = self._bounds(node)
        kinds = _kinds(node)
        for found in self._at.get(start, ()):
            if isinstance(found, kinds) and (
                isinstance(node, _BY_START) or self._end(found) == end
            ):
                return found
            if isinstance(node, ast.arg) and isinstance(self._parents[found], cst.Param):
                return self._parents[found]  # which begins with its `*`
        raise CannotFix(f"LibCST sees line {start[0]} in another way")

    def ast_of(self, node: cst.CSTNode) -> ast.AST:
        """The node of `ast` for one of LibCST's."""
        found = self._originals.get(node)
        if found is None:
            raise CannotFix(f"`ast` sees line {self.range(node).start.line} in another way")
        return found

    @cached_property
    def _at(self) -> dict[_Place, list[cst.CSTNode]]:
        """The nodes that start at a place, outer ones first."""
        found: dict[_Place, list[cst.CSTNode]] = {}
        for node in self._ranges:
            found.setdefault(self._start(node), []).append(node)
        for nodes in found.values():
            nodes.sort(key=self._end, reverse=True)
        return found

    @cached_property
    def _originals(self) -> dict[cst.CSTNode, ast.AST]:
        found: dict[cst.CSTNode, ast.AST] = {}
        for node in ast.walk(self._tree):
            if hasattr(node, "lineno"):
                try:
                    found.setdefault(self.cst_of(node), node)
                except CannotFix:
                    continue
        return found

    def _end(self, node: cst.CSTNode) -> _Place:
        end = self._ranges[node].end
        return end.line, end.column

    def _bounds(self, node: ast.AST) -> tuple[_Place, _Place]:
        """Where a node of `ast` begins and ends, as LibCST counts."""
        if not isinstance(
            node, ast.stmt | ast.expr | ast.keyword | ast.arg | ast.alias | ast.excepthandler
        ):
            raise CannotFix(f"a {type(node).__name__} has no place of its own")
        start = node.lineno, self._characters(node.lineno, node.col_offset)
        last = node.end_lineno or node.lineno
        end = last, self._characters(last, node.end_col_offset or 0)
        if isinstance(node, ast.Tuple | ast.GeneratorExp):
            inside = self._in_parentheses.get((start, end))
            if inside is not None:
                return self._start(inside), self._end(inside)
        return start, end

    @cached_property
    def _in_parentheses(self) -> dict[tuple[_Place, _Place], cst.CSTNode]:
        """Tuples and generator expressions, by the place of their innermost parentheses."""
        return {
            (self._start(node.lpar[-1]), self._end(node.rpar[0])): node
            for node in self._ranges
            if isinstance(node, cst.Tuple | cst.GeneratorExp) and node.lpar
        }

    def _start(self, node: cst.CSTNode) -> _Place:
        start = self._ranges[node].start
        return start.line, start.column

    def _characters(self, line: int, column: int) -> int:
        text = self._lines[line - 1]
        return column if text.isascii() else len(text.encode()[:column].decode())


_BY_START = (ast.stmt, ast.excepthandler, ast.arg, ast.keyword, ast.alias)
"""Kinds of which one alone can start at a place. Where they end the two trees see differently."""


def _kinds(node: ast.AST) -> tuple[type[cst.CSTNode], ...]:
    kinds = _KINDS.get(type(node))
    if kinds is not None:
        return kinds
    same = getattr(cst, type(node).__name__, None)
    return (same,) if same else ()


def is_at(node: ast.AST | Place, span: Span) -> bool:
    """Does a node start where a finding stands?"""
    return position(node) == (span.line, span.column)  # type: ignore[arg-type]  # a Place has both
