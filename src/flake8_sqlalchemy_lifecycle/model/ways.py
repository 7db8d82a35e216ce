"""The ways out of a function, and in which state each of them leaves one object.

A small walk over the statements: it knows what `if`, loops, `try` and `with` do to the order of things, and nothing of
the object itself. What an expression does to the object, a `Watch` tells.
"""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from enum import IntEnum, auto
from typing import Generic, TypeVar

from .scopes import Block

State = TypeVar("State")
_With = ast.With | ast.AsyncWith
_MOST_STATES = (
    48  # where a function has more, it is not followed further, and nothing is said of it
)
_STILL = (ast.Constant, ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop)
"""Nodes that do nothing when they are evaluated."""
_ROUNDS = 2
"""A loop is walked twice: what one round leaves behind, the next one finds."""


class Way(IntEnum):
    """How control leaves a statement, or a function."""

    NEXT = auto()  # on to what follows; out of a function: its end
    RETURN = auto()
    BREAK = auto()
    CONTINUE = auto()
    ERROR = auto()  # an Exception
    CANCELLED = auto()  # a BaseException that is none: CancelledError


RAISED = (Way.ERROR, Way.CANCELLED)
Outcome = dict[Way, frozenset[State]]


class Watch(ABC, Generic[State]):
    """What the walk asks about the object that is watched; what a watch does not say goes as it goes for most."""

    @abstractmethod
    def after(self, node: ast.AST, state: State) -> State:
        """The state after a node was evaluated: an expression, a simple statement, the head of a compound one."""

    def raises(self, node: ast.AST) -> tuple[Way, ...]:
        """Which of `RAISED` the evaluation of a node may end in: none, so that no exceptions are followed."""
        del node
        return ()

    def left(self, context: ast.expr, state: State) -> State:
        """The state after the `with` over `context` was left, on whatever way: the one before it."""
        del context
        return state

    def swallows(self, context: ast.expr) -> bool:
        """Does the `with` over `context` end exceptions? None does."""
        del context
        return False

    def catches(self, handler: ast.ExceptHandler, way: Way) -> bool | None:
        """Does the handler get what was raised? None for perhaps, which it is for all."""
        del handler, way
        return None

    def chosen(self, test: ast.expr, branches: list[Outcome[State]]) -> list[Outcome[State]]:
        """Those of an `if`'s two branches that count: both."""
        del test
        return branches


class Walk(Generic[State]):
    """Walks one function's statements for a `Watch`."""

    def __init__(self, block: Block, watch: Watch[State]) -> None:
        self._block = block
        self._watch = watch
        self._handled = Way.ERROR

    def out(self, start: State) -> Outcome[State]:
        """The states in which the function is left, by the way, when it begins in `start`."""
        node = self._block.node
        states = frozenset({start})
        if isinstance(node, ast.Lambda):
            body = self._block.remembered.setdefault(Walk, ast.Return(node.body))
            return self._expressions([body], states, Way.RETURN)
        return self._statements(node.body, states)

    def _statements(self, statements: list[ast.stmt], states: frozenset[State]) -> Outcome[State]:
        out: Outcome[State] = {}
        for statement in statements:
            if len(states) > _MOST_STATES:
                return {}
            if not states:
                break
            result = self._statement(statement, states)
            states = result.pop(Way.NEXT, frozenset())
            _add(out, result)
        _add(out, {Way.NEXT: states})
        return out

    def _statement(self, node: ast.stmt, states: frozenset[State]) -> Outcome[State]:
        match node:
            case ast.If():
                return self._if(node, states)
            case ast.For() | ast.AsyncFor():
                return self._loop(node, node.iter, states, ends=True)
            case ast.While(test=test):
                endless = isinstance(test, ast.Constant) and bool(test.value)
                return self._loop(node, test, states, ends=not endless)
            case ast.Try() | ast.TryStar():
                return self._try(node, states)
            case ast.With() | ast.AsyncWith():
                return self._with(node, node.items, states)
            case ast.Match():
                return self._match(node, states)
            case ast.Return():
                return self._expressions([node], states, Way.RETURN)
            case ast.Raise(exc=exc):
                return self._expressions(
                    [node], states, self._handled if exc is None else Way.ERROR
                )
            case ast.Break():
                return {Way.BREAK: states}
            case ast.Continue():
                return {Way.CONTINUE: states}
        return self._expressions([node], states, Way.NEXT)

    def _expressions(
        self, roots: Iterable[ast.AST], states: frozenset[State], way: Way
    ) -> Outcome[State]:
        """Evaluate what stands in `roots`, then leave on `way`."""
        out: Outcome[State] = {}
        after, raises = self._watch.after, self._watch.raises
        for root in roots:
            for node in _in_order(root, self._block):
                states = frozenset([after(node, state) for state in states])
                for raised in raises(node):
                    _add(out, {raised: states})
        _add(out, {way: states})
        return out

    def _head(self, node: ast.stmt, head: ast.expr, states: frozenset[State]) -> Outcome[State]:
        """Evaluate the head of a compound statement: where that raises, the statement is not come to."""
        out = self._expressions([head], states, Way.NEXT)
        out[Way.NEXT] = frozenset([self._watch.after(node, state) for state in out[Way.NEXT]])
        return out

    def _if(self, node: ast.If, states: frozenset[State]) -> Outcome[State]:
        out = self._head(node, node.test, states)
        states = out.pop(Way.NEXT)
        branches = [self._statements(part, states) for part in (node.body, node.orelse)]
        for branch in self._watch.chosen(node.test, branches):
            _add(out, branch)
        return out

    def _loop(
        self,
        node: ast.For | ast.AsyncFor | ast.While,
        head: ast.expr,
        states: frozenset[State],
        *,
        ends: bool,
    ) -> Outcome[State]:
        out = self._head(node, head, states)
        before = out.pop(Way.NEXT)
        broken: frozenset[State] = frozenset()
        target = [] if isinstance(node, ast.While) else [node.target]
        for _ in range(_ROUNDS):
            inside = self._expressions(target, before, Way.NEXT)
            round_ = self._statements(node.body, inside[Way.NEXT])
            broken |= round_.pop(Way.BREAK, frozenset())
            before |= round_.pop(Way.NEXT, frozenset()) | round_.pop(Way.CONTINUE, frozenset())
            _add(out, round_)
        if ends:
            _add(out, self._statements(node.orelse, before))
        _add(out, {Way.NEXT: broken})
        return out

    def _match(self, node: ast.Match, states: frozenset[State]) -> Outcome[State]:
        out = self._head(node, node.subject, states)
        states = out[Way.NEXT]
        last = node.cases[-1]
        if (
            last.guard is None
            and isinstance(last.pattern, ast.MatchAs)
            and not last.pattern.pattern
        ):
            out[Way.NEXT] = frozenset()  # `case _`: one of them runs
        for case in node.cases:
            _add(out, self._statements(case.body, states))
        return out

    def _try(self, node: ast.Try | ast.TryStar, states: frozenset[State]) -> Outcome[State]:
        out = self._statements(node.body, states)
        raised = {way: out.pop(way, frozenset()) for way in RAISED}
        if Way.NEXT in out:
            _add(out, self._statements(node.orelse, out.pop(Way.NEXT)))
        for way, states_raised in raised.items():
            if states_raised:
                _add(out, self._handlers(node.handlers, way, states_raised))
        if not node.finalbody:
            return out
        after: Outcome[State] = {}
        for way, left in out.items():
            if left:
                result = self._statements(node.finalbody, left)
                _add(after, {way: result.pop(Way.NEXT, frozenset())})
                _add(after, result)
        return after

    def _handlers(
        self, handlers: list[ast.ExceptHandler], way: Way, states: frozenset[State]
    ) -> Outcome[State]:
        out: Outcome[State] = {}
        outer, self._handled = self._handled, way
        for handler in handlers:
            caught = self._watch.catches(handler, way)
            if caught is not False:
                _add(out, self._statements(handler.body, states))
            if caught:
                break
        else:
            _add(out, {way: states})
        self._handled = outer
        return out

    def _with(
        self, node: _With, items: list[ast.withitem], states: frozenset[State]
    ) -> Outcome[State]:
        if not items:
            return self._statements(node.body, states)
        first, *rest = items
        out = self._head(node, first.context_expr, states)
        inner = self._with(node, rest, out.pop(Way.NEXT))
        for way, left in inner.items():
            after = frozenset(self._watch.left(first.context_expr, state) for state in left)
            _add(out, {way: after})
            if way in RAISED and self._watch.swallows(first.context_expr):
                _add(out, {Way.NEXT: after})
        return out


def _add(out: Outcome[State], more: Outcome[State]) -> None:
    for way, states in more.items():
        out[way] = out.get(way, frozenset()) | states


def _in_order(root: ast.AST, block: Block) -> tuple[ast.AST, ...]:
    """The nodes of this block in `root`, inner ones first: about the order in which they are evaluated. Remembered."""
    known: dict[ast.AST, tuple[ast.AST, ...]] = block.remembered.setdefault(_in_order, {})
    if root not in known:
        known[root] = tuple(_evaluated(root, block))
    return known[root]


def _evaluated(node: ast.AST, block: Block) -> Iterator[ast.AST]:
    if node not in block.inner:
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, _STILL):
                yield from _evaluated(child, block)
    yield node
