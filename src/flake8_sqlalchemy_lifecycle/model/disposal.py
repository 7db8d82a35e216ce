"""What shutdown code disposes: which engines, and through which expression of the code that was asked about.

Followed are calls of project functions and methods, context managers that are left, exit stacks, callbacks, and what is
handed to `gather`, `run` and their kin. What cannot be resolved and might dispose is told too (its engine is None).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import attributes, calls, invocation
from .bindings import Imported
from .dark import given_away, is_foreign
from .engines import engines_behind
from .flow import are_exclusive, in_part, position
from .knowledge import Kind
from .scopes import Block
from .spelling import arguments, last_name, spelled
from .trails import EVERY_NAME, Trails
from .values import (
    Bound,
    Cls,
    Coroutine,
    Entering,
    Frame,
    Func,
    Generator,
    Instance,
    Library,
    Made,
    Manager,
    Partial,
    Unknown,
    Value,
    Values,
)

if TYPE_CHECKING:
    from .inference import Model

WORD = "dispose"
_REGISTRARS = frozenset(
    "callback push_async_callback push push_async_exit enter_context enter_async_context register "
    "finalize append add_event_handler signal add_signal_handler".split()
)
_NEAR = 3  # calls that shutdown code makes so near are followed whatever their name
_STACKED = frozenset({"enter_context", "enter_async_context", "push", "push_async_exit"})
_ENDS = re.compile(r"dispose|close|shut|stop|disconnect|teardown|tear_down|clean|finish|release")

_LATER = ast.Call(ast.Name("partial", ast.Load()), [], [], lineno=1, col_offset=0)
"""The call by which somebody else calls a partial, with nothing added."""


@dataclass(frozen=True, slots=True)
class Disposal:
    """An engine that is disposed by `node`, through `place` of the code asked about.

    The engine is None where it may be any, for all that is known.
    """

    engine: Made | None
    node: ast.AST
    frame: Frame
    place: ast.AST


def of_lifespan(model: Model, frame: Frame) -> Iterator[Disposal]:
    """What a generator disposes after its yield, on leaving what it entered, and by what it registered before."""
    return _Walk(model).lifespan(frame, None)


def of_function(model: Model, frame: Frame) -> Iterator[Disposal]:
    """What a function disposes that runs as a whole at shutdown."""
    return _Walk(model).body(frame, None)


def of_values(model: Model, values: Values, node: ast.AST, frame: Frame) -> Iterator[Disposal]:
    """What callables dispose that a framework calls, or context managers that it leaves."""
    walk = _Walk(model)
    for value in values:
        yield from walk.called(value, node, frame, node)
        yield from walk.left(value, node, frame, node)


def registered(model: Model, frame: Frame) -> Iterator[Disposal]:
    """What a function registers for later: with `atexit`, an exit stack, an app's list of handlers."""
    return _Walk(model).registered(frame, None)


def runs_at_shutdown(frame: Frame) -> Iterator[ast.AST]:
    """The nodes of a generator that run when it goes on behind a yield, and nothing went wrong."""
    block = frame.block
    if not block.yields:
        return
    first = min(block.yields, key=position)
    for node in block.nodes:
        if position(node) < _end(first):
            continue
        if len(block.yields) > 1 and not any(
            position(node) >= _end(y) and not are_exclusive(block, y, node) for y in block.yields
        ):
            continue  # `if there: yield; return`
        if not any(isinstance(a, ast.ExceptHandler) for a in block.ancestors(node)):
            yield node


def _end(node: ast.expr) -> tuple[int, int]:
    return node.end_lineno or node.lineno, node.end_col_offset or 0


def may_be(disposed: Made | None, engine: Made) -> bool:
    """Can the disposed engine be this one? One known by an annotation alone can be any of its type."""
    if disposed is None or is_same(disposed, engine):
        return True
    return disposed.declared and disposed.call is None and disposed.type == engine.type


def is_same(one: Made, other: Made) -> bool:
    """Are these the same engine, perhaps seen from inside and outside of the function that makes it?"""
    shared = min(len(one.context), len(other.context))
    return one.site == other.site and one.context[:shared] == other.context[:shared]


def _names(model: Model) -> frozenset[str]:
    """The names by which code gets to something called `dispose`."""
    words = (WORD,)
    trails = model.project.trails.get(words)
    if trails is None:
        trails = model.project.trails[words] = Trails(model.project, words, most=EVERY_NAME)
    return trails.names(model.linted.path) | {WORD}


class _Walk:
    def __init__(self, model: Model) -> None:
        self.model = model
        self.names = _names(model)
        self.seen: set[tuple[str, Frame]] = set()

    def _enter(self, part: str, frame: Frame) -> bool:
        new = (part, frame) not in self.seen and len(self.seen) < 400
        self.seen.add((part, frame))
        return new

    def body(self, frame: Frame, place: ast.AST | None) -> Iterator[Disposal]:
        """All of a function runs."""
        if self._enter("body", frame):
            for node in frame.block.nodes:
                yield from self._node(node, frame, place or node)

    def lifespan(self, frame: Frame, place: ast.AST | None) -> Iterator[Disposal]:
        if not self._enter("lifespan", frame):
            return
        block = frame.block
        for node in runs_at_shutdown(frame):
            yield from self._node(node, frame, place or node)
        for node in block.nodes:
            if isinstance(node, ast.With | ast.AsyncWith):
                if any(in_part(block, y, node, "body") for y in block.yields):
                    for item in node.items:
                        yield from self._left(item.context_expr, frame, place)
            elif isinstance(node, ast.For | ast.AsyncFor):
                for value in self.model.values(node.iter, frame):
                    if isinstance(value, Generator):
                        yield from self.lifespan(value.frame, place or node)
        yield from self.registered(frame, place)

    def registered(self, frame: Frame, place: ast.AST | None) -> Iterator[Disposal]:
        if not self._enter("registered", frame):
            return
        for call in frame.block.calls:
            where = place or call
            name = last_name(call.func)
            if name in _REGISTRARS:
                for argument in arguments(call):
                    yield from self._later(argument, frame, where, name in _STACKED)
            else:
                yield from self._handed_over(call, frame, where)
            if not self.names.isdisjoint(spelled(call)):
                for callee in self.model.values(call.func, frame):
                    for inner in calls.activations(self.model, callee, call, frame):
                        yield from self.registered(inner, where)

    def _later(
        self, argument: ast.expr, frame: Frame, place: ast.AST, entered: bool
    ) -> Iterator[Disposal]:
        """What an argument of a registering call does when its time has come."""
        partials = [v for v in self.model.values(argument, frame) if isinstance(v, Partial)]
        for partial in partials:
            yield from self.called(partial, argument, frame, place)
        for part in () if partials else ast.walk(argument):
            if isinstance(part, ast.Attribute | ast.Name | ast.Lambda):
                yield from self._reference(part, frame, place)
        if entered:
            for value in self.model.values(argument, frame):
                yield from self.left(value, argument, frame, place)
                if isinstance(value, Unknown):
                    yield Disposal(None, argument, frame, place)

    def _node(self, node: ast.AST, frame: Frame, place: ast.AST) -> Iterator[Disposal]:
        match node:
            case ast.Attribute(attr="dispose"):
                yield from self._reference(node, frame, place)
            case ast.Call():
                yield from self._call(node, frame, place)
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    yield from self._left(item.context_expr, frame, place)

    def _call(self, node: ast.Call, frame: Frame, place: ast.AST) -> Iterator[Disposal]:
        if last_name(node.func) == "partial":
            for value in self.model.values(node, frame):
                yield from self.called(value, node, frame, place)
            return
        if frame.depth < _NEAR or not self.names.isdisjoint(spelled(node.func)):
            for callee in self.model.values(node.func, frame):
                yield from self.called(callee, node, frame, place)
        if _ENDS.search(last_name(node.func) or ""):
            if isinstance(node.func, ast.Name) and _is_imported(node.func.id, frame.block):
                for callee in self.model.values(node.func, frame):
                    if isinstance(callee, Unknown) or (
                        isinstance(callee, Library) and is_foreign(callee.name)
                    ):  # may be code of the project that is not found
                        yield Disposal(None, node, frame, place)
        for argument in arguments(node):
            if isinstance(argument, ast.Name | ast.Attribute | ast.Lambda):
                yield from self._reference(argument, frame, place)
        yield from self._handed_over(node, frame, place)

    def _reference(self, node: ast.AST, frame: Frame, place: ast.AST) -> Iterator[Disposal]:
        """A function that is named, to be called by somebody."""
        if isinstance(node, ast.Lambda):
            block = frame.block.inner.get(node)
            if block is not None and not self.names.isdisjoint(block.words):
                yield from self.body(Frame(block, frame), place)
        elif not self.names.isdisjoint(spelled(node)):
            for value in self.model.values(node, frame):
                if isinstance(value, Func | Partial | Bound | Unknown):
                    yield from self.called(value, node, frame, place)

    def called(
        self, callee: Value, node: ast.AST, frame: Frame, place: ast.AST
    ) -> Iterator[Disposal]:
        """What calling a value by `node` disposes; a value that `node` only names is called by somebody later."""
        match callee:
            case Bound(receiver, "dispose"):
                if attributes.kind_of(self.model, receiver) is Kind.ENGINE:
                    engines = engines_behind(self.model, receiver)
                    yield from (Disposal(e, node, frame, place) for e in engines)
                elif isinstance(receiver, Bound):  # an attribute that the model does not follow
                    yield Disposal(None, node, frame, place)
            case Bound(Bound(), further) if further in self.names:
                yield Disposal(None, node, frame, place)
            case Unknown():
                if isinstance(node, ast.Call | ast.Attribute | ast.Name):
                    name = last_name(node.func if isinstance(node, ast.Call) else node)
                    if name in self.names:
                        yield Disposal(None, node, frame, place)
            case Partial(function):
                if isinstance(function, Bound):
                    yield from self.called(function, node, frame, place)
                elif isinstance(function, Func):
                    for given in invocation.call(self.model, callee, _LATER, frame):
                        if isinstance(given, Coroutine):
                            yield from self.body(given.frame, place)
                    if not function.block.is_async:
                        yield from self.body(calls.entry(self.model, function), place)
            case Func():
                if isinstance(node, ast.Call):
                    for inner in calls.activations(self.model, callee, node, frame):
                        yield from self.body(inner, place)
                else:
                    yield from self.body(calls.entry(self.model, callee), place)
            case Cls() | Instance():
                if isinstance(node, ast.Call):
                    for inner in calls.activations(self.model, callee, node, frame):
                        yield from self.body(inner, place)

    def _left(self, context: ast.expr, frame: Frame, place: ast.AST | None) -> Iterator[Disposal]:
        for value in self.model.values(context, frame):
            yield from self.left(value, context, frame, place or context)

    def left(self, value: Value, node: ast.AST, frame: Frame, place: ast.AST) -> Iterator[Disposal]:
        """A context manager is left."""
        match value:
            case Manager(inner) | Generator(inner):
                yield from self.lifespan(inner, place)
            case Instance(cls):
                for name in ("__exit__", "__aexit__"):
                    yield from self._method(value, cls, name, place)
            case Entering(values, closes=True):
                for inner_value in values:
                    if isinstance(inner_value, Instance):
                        for name in ("close", "aclose"):
                            yield from self._method(inner_value, inner_value.cls, name, place)
            case Coroutine(inner):
                for given in invocation.returned(self.model, inner):
                    if not isinstance(given, Coroutine):
                        yield from self.left(given, node, frame, place)

    def _method(
        self, instance: Instance, cls: Cls, name: str, place: ast.AST
    ) -> Iterator[Disposal]:
        for method in attributes.of_instance(self.model, instance, cls, name):
            if isinstance(method, Func):
                yield from self.body(calls.entry(self.model, method), place)

    def _handed_over(self, call: ast.Call, frame: Frame, place: ast.AST) -> Iterator[Disposal]:
        for engine in given_away(self.model, call, frame, self.names):
            yield Disposal(engine, call, frame, place)


def _is_imported(name: str, block: Block) -> bool:
    around: Block | None = block
    while around is not None:
        if name in around.bindings:
            return any(isinstance(b.origin, Imported) for b in around.bindings[name])
        around = around.parent
    return False
