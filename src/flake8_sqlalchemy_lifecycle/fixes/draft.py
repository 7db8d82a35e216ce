"""What a fix works on: one file, its trees, what its code means, and the edits so far."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import libcst as cst

from ..finding import Span
from . import CannotFix
from .edits import Block, Edits, Rewrite, Statement
from .imports import Imports
from .positions import Positions

if TYPE_CHECKING:
    from ..model.inference import Model

_Tree = TypeVar("_Tree", bound=ast.AST)
_Node = TypeVar("_Node", bound=cst.CSTNode)


class Draft:
    """The edits of one file, noted by a fix and made all at once.

    `model` and `module` are of the same text: nodes of `ast`, which the model knows, stand for nodes of LibCST,
    which can be edited. Wherever a method takes a node to edit, it may be of either tree.
    """

    def __init__(self, text: str, model: Model) -> None:
        """Take the file's text without its byte order mark, and the model of that text."""
        head, self._blank_end = _cut(text)
        try:
            self.module = cst.parse_module(head)
        except Exception as error:
            raise CannotFix("LibCST cannot read the file") from error
        if self.module.code != head:
            raise CannotFix("LibCST does not keep the file as it is")
        self.lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self.model = model
        self.positions = Positions(self.lines, model.linted.tree, self.module)
        self.imports = Imports(self)
        self._edits = Edits()

    def result(self) -> str:
        """The text with all edits made."""
        self.imports.note()
        return self.imports.without_unused(self.module.visit(self._edits)).code + self._blank_end

    # finding one's way

    def at(self, span: Span, kind: type[_Tree]) -> _Tree:
        """The outermost node of a kind that starts where a finding stands."""
        for node in self.positions.starting_at(span, kind):
            return node
        raise CannotFix(f"there is no {kind.__name__} at line {span.line}")

    def node(self, node: ast.AST | cst.CSTNode, kind: type[_Node]) -> _Node:
        """LibCST's node, of the kind that is expected, for one of `ast` (or itself)."""
        found = self._node(node)
        if not isinstance(found, kind):
            raise CannotFix(f"a {type(found).__name__} is where a {kind.__name__} was expected")
        return found

    def _node(self, node: ast.AST | cst.CSTNode) -> cst.CSTNode:
        return self.positions.cst_of(node) if isinstance(node, ast.AST) else node

    def original(self, node: cst.CSTNode) -> ast.AST:
        """The node of `ast`, for the model, for one of LibCST's."""
        return self.positions.ast_of(node)

    def parent(self, node: ast.AST | cst.CSTNode) -> cst.CSTNode:
        """LibCST's node that a node is part of."""
        return self.positions.parent(self._node(node))

    def statement(self, node: ast.AST | cst.CSTNode) -> Statement:
        """The statement, with its own lines in its block, that a node is (part of).

        Refused is what shares its lines: `if x: do()`, and `a(); b()`.
        """
        found = self._node(node)
        while not isinstance(found, cst.SimpleStatementLine | cst.BaseCompoundStatement):
            if isinstance(found, cst.Module | cst.SimpleStatementSuite):
                raise CannotFix("the statement has no line of its own")
            found = self.parent(found)
        if isinstance(found, cst.SimpleStatementLine) and len(found.body) > 1:
            raise CannotFix("several statements share a line")
        return found

    def block(self, node: ast.AST | cst.CSTNode) -> Block:
        """The block that a node's statement stands in."""
        parent = self.parent(self.statement(node))
        if isinstance(parent, cst.Module | cst.IndentedBlock):
            return parent
        raise CannotFix("the statement is part of another one")  # an `elif`

    def index(self, node: ast.AST | cst.CSTNode) -> int:
        """The place of a node's statement in its block."""
        statement = self.statement(node)
        return next(i for i, other in enumerate(self.block(statement).body) if other is statement)

    # new nodes

    def expression(self, code: str) -> cst.BaseExpression:
        """Parse an expression, in the style of the file."""
        return cst.parse_expression(code, config=self.module.config_for_parsing)

    def new(self, code: str) -> Statement:
        """Parse one statement, in the style of the file: its line ends and its indentation."""
        return cst.parse_statement(code, config=self.module.config_for_parsing)

    # edits

    def change(
        self, node: ast.AST | cst.CSTNode, kind: type[_Node], change: Callable[[_Node], cst.CSTNode]
    ) -> None:
        """Put in the place of a node what `change` makes of it, in which other edits are made already."""

        def checked(updated: cst.CSTNode) -> cst.CSTNode:
            if not isinstance(updated, kind):
                raise CannotFix("two changes would meet in the same place")
            return change(updated)

        self._edits.change(self.node(node, kind), checked)

    def replace(self, node: ast.AST | cst.CSTNode, new: cst.CSTNode) -> None:
        """Put a new node in the place of another, whatever is edited in that."""
        self._edits.change(self._node(node), lambda _: new)

    def before(self, node: ast.AST | cst.CSTNode, *new: Statement | str) -> None:
        """Insert statements before the one that a node is part of."""
        self._edits.insert(self.block(node), self.index(node), self._all(new), after=False)

    def after(self, node: ast.AST | cst.CSTNode, *new: Statement | str) -> None:
        """Insert statements after the one that a node is part of."""
        self._edits.insert(self.block(node), self.index(node), self._all(new), after=True)

    def _all(self, new: tuple[Statement | str, ...]) -> list[Statement]:
        return [self.new(one) if isinstance(one, str) else one for one in new]

    def rewrite(
        self, first: ast.AST | cst.CSTNode, last: ast.AST | cst.CSTNode, rewrite: Rewrite
    ) -> None:
        """Put in the place of neighbours in a block what `rewrite` makes of them, other edits made."""
        block = self.block(first)
        if self.block(last) is not block:
            raise CannotFix("the statements are in several blocks")

        def never_empty(statements: Sequence[Statement]) -> Sequence[Statement]:
            made = [*rewrite(statements)]
            whole = len(statements) >= len(block.body) and isinstance(block, cst.IndentedBlock)
            return made or ([self.new("pass")] if whole else [])

        self._edits.rewrite(block, self.index(first), self.index(last), never_empty)

    def indent(self, block: Block) -> str:
        """The indentation of a block, which is that of the file where the block has none."""
        own = block.indent if isinstance(block, cst.IndentedBlock) else None
        return self.module.default_indent if own is None else own

    def remove(self, node: ast.AST | cst.CSTNode) -> None:
        """Remove the statement that a node is part of; the comments above it stay."""
        statement, block, index = self.statement(node), self.block(node), self.index(node)
        comments = [line for line in statement.leading_lines if line.comment]
        if index + 1 < len(block.body):
            self._edits.change(block.body[index + 1], lambda below: _below(comments, below))
        else:
            self._edits.change(block, lambda around: _at_end(comments, around))
        self.rewrite(statement, statement, lambda _: [])


def _cut(text: str) -> tuple[str, str]:
    """Cut off the blank lines at the end of a file, of which LibCST loses some."""
    end = len(text.rstrip(" \t\f\r\n"))
    line_end = re.match(r"[ \t\f]*(\r\n|\n)?", text[end:])
    end += line_end.end() if line_end else 0
    return text[:end], text[end:]


def _below(comments: list[cst.EmptyLine], statement: cst.CSTNode) -> cst.CSTNode:
    lines = statement.leading_lines  # type: ignore[attr-defined]
    return statement.with_changes(leading_lines=[*comments, *lines])


def _at_end(comments: list[cst.EmptyLine], block: cst.CSTNode) -> cst.CSTNode:
    lines = block.footer  # type: ignore[attr-defined]
    return block.with_changes(footer=[*comments, *lines])
