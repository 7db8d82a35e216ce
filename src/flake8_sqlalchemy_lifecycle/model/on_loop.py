"""What runs on an event loop once per request or operation, and where it makes the loop wait for the database."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import attributes, calls, invocation, paths
from .blocking import WAITING_WORDS, is_on_error, may_say_wait, may_wait, waits_in
from .calls import Root, Step
from .flow import position
from .knowledge import CONTEXT_MANAGERS, Role
from .paths import Path
from .scopes import Block, Module
from .spelling import last_name, spelled
from .trails import Trails
from .values import Cls, Frame, Func, Library

if TYPE_CHECKING:
    from .inference import Model

_WORDS = ("Session", "session", "Engine", "engine", "Connection", "connection", "db", "query")
_MOST_NAMES = 800
_DEEPEST = 8
_MOST_FRAMES = 2000
_OTHER_LOOPS = frozenset({"run", "run_until_complete", "run_coroutine_threadsafe"})
_ITERATES = frozenset({"list", "set", "tuple", "sorted", "dict", "sum", "enumerate"})


@dataclass(frozen=True, slots=True)
class Wait:
    """An expression of a function that makes it wait: `through` are the calls that lead to `io`, the I/O itself."""

    node: ast.expr
    through: tuple[Frame, ...]
    io: ast.expr
    block: Block

    @property
    def end(self) -> Block:
        """The function whose own code does the I/O."""
        return self.through[-1].block if self.through else self.block


@dataclass(frozen=True, slots=True)
class Blocked:
    """An async function on the path, with the first expression in it that makes the loop wait."""

    root: Root
    path: Path
    wait: Wait

    @property
    def function(self) -> Block:
        """The async function."""
        return self.path.end.block

    @property
    def chain(self) -> str:
        """The functions on the way to the I/O, for a message."""
        blocks = [frame.block for frame in (*self.path.frames, *self.wait.through)]
        return " → ".join(paths.caller_name(block) for block in blocks)

    def place(self, module: Module) -> ast.expr | None:
        """The expression of a file by which the path leads to the function, or to its I/O if the function is there."""
        if self.function.module is module:
            return self.wait.node
        for step in self.path.steps:
            if step.caller.block.module is module and step.callee.block.module is not module:
                return step.node if isinstance(step.node, ast.expr) else None
        return self.root.node if isinstance(self.root.node, ast.expr) else None

    def caller(self, module: Module) -> Block:
        """The function of a file in which `place` stands."""
        inside = [frame.block for frame in self.path.frames if frame.block.module is module]
        return inside[-1] if inside else self.root.block


def names_that_wait(model: Model) -> frozenset[str]:
    """The names by which the linted file gets to functions that may wait for the database."""
    project = model.project
    trails = project.trails.get(_WORDS)
    if trails is None:
        trails = project.trails[_WORDS] = Trails(
            project, _WORDS, starts=_functions_that_may_wait, most=_MOST_NAMES, says=may_say_wait
        )
    return trails.names(model.linted.path)


def _functions_that_may_wait(module: Module) -> Iterator[Block]:
    return (block for block in module.functions() if may_wait(block))


def blocked_first(model: Model) -> list[Blocked]:
    """The async functions for which the linted file is to be told, each with the first place there.

    A function of the file itself stands for itself. One of another file counts where no other file on the way shows
    that it is on the path, once for each place, and not in a function that waits itself.
    """
    linted = model.linted
    own: dict[Block, Blocked] = {}
    others: list[Blocked] = []
    for blocked in Loop(model).blocked():
        if blocked.function.module is not linted:
            others.append(blocked)
        elif _is_before(blocked, own.get(blocked.function), linted):
            own[blocked.function] = blocked
    first: dict[Block, Blocked] = {}
    for blocked in others:
        if blocked.caller(linted) in own or blocked.path.start.block in own:
            continue
        if _is_before(blocked, first.get(blocked.function), linted):
            if not _is_shown_elsewhere(model, blocked):
                first[blocked.function] = blocked
    places = {blocked.place(linted): blocked for blocked in reversed(first.values())}
    return [*own.values(), *places.values()]


def _is_before(blocked: Blocked, other: Blocked | None, linted: Module) -> bool:
    place = blocked.place(linted)
    known = other.place(linted) if other is not None else None
    return place is not None and (known is None or position(place) < position(known))


def _is_shown_elsewhere(model: Model, blocked: Blocked) -> bool:
    """Does another file on the way reach the function from handlers of its own?"""
    modules = {frame.block.module for frame in blocked.path.frames} - {model.linted}
    return any(blocked.function.node in _reached_in(model, module) for module in modules)


def _reached_in(model: Model, module: Module) -> frozenset[ast.AST]:
    """The functions that another file shows to be on the path and to wait; remembered for the project."""
    from .inference import Model as Asked

    answers = model.project.reached
    if module.path not in answers:
        found = Loop(Asked(module)).blocked()
        answers[module.path] = frozenset(blocked.function.node for blocked in found)
    return answers[module.path]


class Loop:
    """Follows what the linted file's request handlers and operations run on the event loop."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._names = names_that_wait(model)
        self._firsts: dict[Frame, Wait | None] = {}

    def blocked(self) -> Iterator[Blocked]:
        """The async functions that make the loop wait, for each root by the shortest path."""
        if not self._leads(self._model.project.identifiers(self._model.linted.path)):
            return
        for root in self._roots():
            for path in self._walk(calls.entry(self._model, root.function)):
                if path.end.block.is_async:
                    wait = self._first(path.end)
                    if wait is not None:
                        yield Blocked(root, path, wait)

    def _leads(self, words: frozenset[str] | set[str]) -> bool:
        return not self._names.isdisjoint(words)

    def _may_lead(self, words: frozenset[str] | set[str]) -> bool:
        return self._leads(words) or not WAITING_WORDS.isdisjoint(words)

    # the roots

    def _roots(self) -> Iterator[Root]:
        model = self._model
        for root in calls.roots(model, self._may_lead):
            if root.role in (Role.REQUEST, Role.OPERATION) and self._is_on_loop(root.function):
                yield root
        for block in model.linted.functions():
            if block.is_async and block.parent is not None and self._may_lead(block.words):
                if paths.has_dependencies(model, block):
                    yield Root(
                        Role.REQUEST, paths.as_function(model, block), block.node, block.parent
                    )

    def _is_on_loop(self, function: Func) -> bool:
        """Is it async, and no view of Flask, which gives each one a loop of its own?"""
        if not function.block.is_async:
            return False
        model = self._model
        if any(name.startswith("flask.") for name in invocation.decorators(model, function)):
            return False
        owner = function.block.method_of
        if owner is None or owner.parent is None:
            return True
        bases = attributes.mro(model, Cls(owner, model.frame(owner.parent)))
        return not any(isinstance(b, Library) and b.name.startswith("flask.") for b in bases)

    # the walk

    def _walk(self, start: Frame) -> Iterator[Path]:
        """What `start` runs on its loop, itself first."""
        seen = {start}
        waiting = [Path(start, ())]
        while waiting:
            path = waiting.pop(0)
            yield path
            if len(path.steps) >= _DEEPEST or len(seen) > _MOST_FRAMES:
                continue
            for step in self._steps(path.end):
                if step.callee in seen or not self._goes_on(step):
                    continue
                seen.add(step.callee)
                if not paths.is_cached(self._model, step):
                    waiting.append(Path(start, (*path.steps, step)))

    def _goes_on(self, step: Step) -> bool:
        """Does the loop run the callee, or the coroutine that it gives?"""
        caller = step.caller.block
        parent = caller.parents.get(step.node)
        if caller.is_async:
            return step.callee.block.is_async or isinstance(parent, ast.Await)
        return isinstance(caller.node, ast.Lambda) or isinstance(parent, ast.Return)

    def _steps(self, frame: Frame) -> Iterator[Step]:
        """The calls, properties and `with` statements of a function that run in its thread."""
        parents = frame.block.parents
        for step in calls.steps(self._model, frame, self._leads):
            if step.node not in parents:
                continue  # injected: it is a root of the file that says so
            if isinstance(step.node, ast.Call):
                if not self._leads(spelled(step.node.func)):
                    continue  # handed over to a thread
                outer = parents[step.node]
                if isinstance(outer, ast.Call) and last_name(outer.func) in _OTHER_LOOPS:
                    continue
            yield step

    # what waits

    def _first(self, frame: Frame) -> Wait | None:
        """The first expression in the function's text that waits, itself or by a synchronous function."""
        if frame not in self._firsts:
            self._firsts[frame] = None  # for a function that calls itself
            waits = [Wait(n, (), n, frame.block) for n in waits_in(self._model, frame)]
            if frame.depth <= _DEEPEST:
                waits += self._through(frame)
            self._firsts[frame] = min(waits, key=lambda wait: position(wait.node), default=None)
        return self._firsts[frame]

    def _through(self, frame: Frame) -> Iterator[Wait]:
        for step in self._steps(frame):
            if step.callee.block.is_async or not self._runs(step):
                continue
            for activation in (*self._wrappers(step.callee), step.callee):
                if activation.block.is_async:
                    break  # the decorator makes a coroutine of it
                inner = self._first(activation)
                if inner is not None and not is_on_error(activation.block, inner.node):
                    if paths.is_cached(self._model, step):
                        break
                    assert isinstance(step.node, ast.expr)
                    yield Wait(step.node, (activation, *inner.through), inner.io, frame.block)
                    break

    def _runs(self, step: Step) -> bool:
        """Does the expression run the body: no coroutine that is awaited, no generator that nobody iterates over?"""
        block = step.caller.block
        parent = block.parents.get(step.node)
        if isinstance(parent, ast.Await):
            return False
        if not step.callee.block.yields:
            return True
        function = Func(step.callee.block, step.callee.closure or step.callee)
        if invocation.decorators(self._model, function) & CONTEXT_MANAGERS:
            return isinstance(parent, ast.withitem)
        if isinstance(parent, ast.For | ast.comprehension):
            return True
        return isinstance(parent, ast.Call) and last_name(parent.func) in _ITERATES

    def _wrappers(self, frame: Frame) -> Iterator[Frame]:
        """The functions that the project's decorators put in the place of a function."""
        node, closure = frame.block.node, frame.closure
        if not isinstance(node, ast.FunctionDef) or closure is None:
            return
        function = Func(frame.block, closure)
        for decorator in node.decorator_list:
            for value in self._model.values(decorator, closure):
                if isinstance(value, Func) and value.block.parameters:
                    name = next(iter(value.block.parameters))
                    args = ((name, frozenset({function})),)
                    for made in invocation.run(self._model, value, args, None, None):
                        if isinstance(made, Func) and made.block is not frame.block:
                            yield Frame(made.block, made.closure)
