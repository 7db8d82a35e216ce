"""The registrations of event handlers: what they register, and how they are taken out of the file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import libcst as cst

from ..model.events import Event
from ..model.flow import position
from ..model.knowledge import Role
from ..model.scopes import Block
from ..model.spelling import argument_of
from . import CannotFix, handlers
from .draft import Draft
from .edits import Statement
from .handlers import Handler
from .names import bound_names
from .removal import split, take_out

_OURS = re.compile(r"#\s*noqa(?!\s*:|\w)|#\s*noqa\s*:.*\bLSA(2|20|201|202)?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Step:
    """What a lifespan does at one of its ends: a statement, with the comments above it, and the names that it reads.

    `is_local` where one of these is bound beside the app for this step alone.
    """

    role: Role
    code: str
    names: frozenset[str]
    is_local: bool


class Registrations:
    """The registrations of one app's handlers, all in one block, as they are noted to be taken out."""

    def __init__(self, draft: Draft, construction: ast.Call, block: Block) -> None:
        """`construction` is what makes the app; a keyword of it is left for the caller to drop."""
        self._draft = draft
        self._construction = construction
        self._block = block
        self._taken = bound_names(draft.model.linted.tree)
        self._nodes: list[ast.AST] = []
        self._gone: list[Statement] = []

    def take(self, events: Sequence[Event]) -> list[Step]:
        """Note all of them to be taken out, and return the steps of the lifespan in the order in which they run."""
        self._nodes = [event.node for event in events]
        steps = [step for event in sorted(events, key=self._order) for step in self._take(event)]
        take_out(self._draft, self._gone)
        return steps

    def _order(self, event: Event) -> tuple[tuple[int, int], int]:
        """In the order of the text, but decorators of one function from the lowest to the highest."""
        around = self._block.parents.get(event.node)
        if isinstance(around, ast.FunctionDef | ast.AsyncFunctionDef):
            return position(around), -event.node.lineno
        return position(event.node), 0

    def _take(self, event: Event) -> Iterator[Step]:
        role, node = event.role, event.node
        if _OURS.search(self._draft.lines[node.lineno - 1]):
            raise CannotFix("`# noqa` keeps one of the app's handlers as it is")
        if role is None:
            raise CannotFix("the name of the event is not known")
        around = self._block.parents.get(node)
        if isinstance(node, ast.keyword):
            yield from self._listed(node, role)
        elif isinstance(around, ast.FunctionDef | ast.AsyncFunctionDef):
            yield self._decorated(around, node, role)
        elif isinstance(around, ast.Expr) and isinstance(node, ast.Call):
            yield self._stated(around, self._given(node, event), role)
        elif isinstance(around, ast.Call) and around.func is node and around.args:
            statement = self._block.parents.get(around)
            if not isinstance(statement, ast.Expr):
                raise CannotFix("what registers the handler is used as a value")
            yield self._stated(statement, around.args[0], role)
        else:
            raise CannotFix("what registers the handler is used as a value")

    def _given(self, call: ast.Call, event: Event) -> ast.expr:
        given = argument_of(call, "func", 1)
        if given is None or not event.name.endswith("add_event_handler"):
            raise CannotFix("the handler is not given in the call itself")
        return given

    def _listed(self, keyword: ast.keyword, role: Role) -> Iterator[Step]:
        """`on_startup=[f, g]`."""
        value = keyword.value
        if keyword.arg is None or not isinstance(value, ast.List | ast.Tuple):
            raise CannotFix("the handlers are not listed in the call itself")
        for element in value.elts:
            if isinstance(element, ast.Starred):
                raise CannotFix("the handlers are not listed in the call itself")
            handler = handlers.of_expression(self._draft, element, self._block)
            name = self._name(role) if handler.kept else ""
            if handler.kept:
                kept = self._keep(name, handler.kept)
                self._draft.before(self._construction, cst.SimpleStatementLine([kept]))
            yield _step(role, handler, name, [])

    def _decorated(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, decorator: ast.expr, role: Role
    ) -> Step:
        """`@app.on_event("startup")`."""
        self._refuse_sometimes(node)
        block = self._block.inner[node]
        registering = [one for one in node.decorator_list if one in self._nodes]
        handler = handlers.of_function(self._draft, block, registering)
        function = self._draft.node(node, cst.FunctionDef)
        index = node.decorator_list.index(decorator)
        old = function.decorators[index]
        self._draft.change(function, cst.FunctionDef, lambda new: _undecorated(new, old))
        return _step(role, handler, "", [])

    def _stated(self, statement: ast.Expr, given: ast.expr, role: Role) -> Step:
        """`app.add_event_handler("startup", f)`."""
        self._refuse_sometimes(statement)
        handler = handlers.of_expression(self._draft, given, self._block)
        line = self._draft.node(statement, cst.Expr)
        whole = self._draft.statement(line)
        assert isinstance(whole, cst.SimpleStatementLine)
        if handler.kept is not None:
            name = self._name(role)
            self._draft.replace(line, self._keep(name, handler.kept))
            return _step(role, handler, name, [])
        self._gone.append(whole)
        trailing = whole.trailing_whitespace.comment
        comments = [line.comment for line in split(whole)[1]] + [trailing]
        return _step(role, handler, "", [c.value for c in comments if c is not None])

    def _keep(self, name: str, node: ast.expr) -> cst.Assign:
        value = self._draft.positions.cst_of(node)
        assert isinstance(value, cst.BaseExpression)
        return cst.Assign([cst.AssignTarget(cst.Name(name))], value)

    def _name(self, role: Role) -> str:
        """A name for a handler that has none."""
        wanted = base = "on_startup" if role is Role.STARTUP else "on_shutdown"
        number = 2
        while wanted in self._taken:
            wanted = f"{base}_{number}"
            number += 1
        self._taken[wanted] = []
        return wanted

    def _refuse_sometimes(self, statement: ast.stmt) -> None:
        """Refuse a registration that does not happen each time that the app is made."""
        if statement not in getattr(self._block.node, "body", ()):
            raise CannotFix("the handler is registered under a condition, or in a loop")
        if any(position(end) < position(statement) for end in self._block.nodes_of(ast.Return)):
            raise CannotFix("the function may return before it registers the handler")


def _undecorated(function: cst.FunctionDef, old: cst.Decorator) -> cst.FunctionDef:
    """The function without a decorator; its comments stay, at the `def` or above it."""
    index = next(i for i, one in enumerate(function.decorators) if _is_like(one, old))
    decorators = [*function.decorators]
    gone = decorators.pop(index)
    lines, body = [*function.leading_lines], function.body
    after = [*function.lines_after_decorators]
    comment = gone.trailing_whitespace.comment
    if comment and isinstance(body, cst.IndentedBlock) and body.header.comment is None:
        space = gone.trailing_whitespace.whitespace
        header = body.header.with_changes(whitespace=space, comment=comment)
        body = body.with_changes(header=header)
    elif comment:
        lines.append(cst.EmptyLine(comment=comment))
    lines += gone.leading_lines
    if not decorators:
        lines, after = [*lines, *after], []
    return function.with_changes(
        decorators=decorators, leading_lines=lines, lines_after_decorators=after, body=body
    )


def _is_like(one: cst.Decorator, other: cst.Decorator) -> bool:
    return one is other or one.decorator.deep_equals(other.decorator)


def _step(role: Role, handler: Handler, kept: str, comments: Sequence[str]) -> Step:
    code = handler.code.format(kept) if kept else handler.code
    names = handler.names | {kept} if kept else handler.names
    return Step(role, "\n".join([*comments, code]), names, bool(kept))
