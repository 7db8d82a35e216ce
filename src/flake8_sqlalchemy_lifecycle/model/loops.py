"""Event loops that the code starts itself: `asyncio.run()` and its kin, and the engines that live through several."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import attributes, calls, disposal, urls
from .calls import Root, Step
from .engines import has_no_pool
from .flow import is_within, loops_around, position
from .kept import ASYNC_CREATORS, kept_engines
from .knowledge import Role
from .paths import is_operation, request_roots, runs_per_request
from .repeats import is_after, is_repeated
from .scopes import Block, Module
from .spelling import argument_of, last_name, spelled
from .trails import Trails
from .usage import engines_used_by
from .values import Coroutine, Frame, Func, Instance, Library, Made, Values

if TYPE_CHECKING:
    from .inference import Model

RUNS = (
    "asyncio.run",
    "run_until_complete",
    "uvloop.run",
    "asyncio import run",
    "uvloop import run",
)
_SPELLED = ("run", "run_until_complete")
_STARTERS = frozenset({"asyncio.run", "uvloop.run"})
_CONTINUES = "asyncio.AbstractEventLoop.run_until_complete"
_BOUND_TO_LOOP = "postgresql+asyncpg"
_THREADS: dict[str, tuple[str, int]] = {
    "threading.Thread": ("target", 1),
    "concurrent.ThreadPoolExecutor.submit": ("fn", 0),
    "concurrent.ThreadPoolExecutor.map": ("fn", 0),
    "asyncio.to_thread": ("func", 0),
    "asyncio.AbstractEventLoop.run_in_executor": ("func", 1),
}
"""What runs a function in a thread: the keyword and the index of that argument."""
_THREAD_WORDS = frozenset(name.rpartition(".")[2] for name in _THREADS)
_BEFORE = "a loop before this one has used it"
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Across:
    """An engine that lives through several loops: the expression of the linted file by which one of them starts."""

    node: ast.expr
    engine: Made
    coroutine: Block
    why: str


@dataclass(frozen=True, slots=True)
class _Run:
    """A loop that `call` starts for a coroutine; `node` leads to it in the function asked about."""

    node: ast.expr
    block: Block
    call: ast.Call
    coroutine: Frame


def engines_across_loops(model: Model) -> Iterator[Across]:
    """The engines that several loops use, each with the first place in the linted file that shows it."""
    runs = _Runs(model)
    first: dict[Made, Across] = {}
    for across in runs.across() if runs.may_be_there() else ():
        known = first.get(across.engine)
        if known is None or position(across.node) < position(known.node):
            first[across.engine] = across
    places = {across.node: across for across in reversed(first.values())}
    yield from places.values()


class _Runs:
    def __init__(self, model: Model) -> None:
        self._model = model
        self._engines: list[Made] | None = None
        self._used: dict[Frame, list[Made]] = {}
        trails = model.project.trails.get(RUNS)
        if trails is None:
            trails = Trails(model.project, RUNS, starts=_functions_that_run)
            model.project.trails[RUNS] = trails
        self._names = trails.names(model.linted.path) | set(_SPELLED)

    def may_be_there(self) -> bool:
        """Can the linted file start a loop, and get to an async engine?"""
        project, linted = self._model.project, self._model.linted
        if self._names.isdisjoint(project.identifiers(linted.path)):
            return False
        return project.closure_says(linted.path, *RUNS) and project.closure_says(
            linted.path, *ASYNC_CREATORS
        )

    def across(self) -> Iterator[Across]:
        """The runs that are not the only ones of their process, with the engines that they share."""
        for root in self._roots():
            frame = calls.entry(self._model, root.function)
            what = "request" if root.role is Role.REQUEST else "task"
            for run in self._runs(frame, 0):
                if frame.block.module is self._model.linted:
                    yield from self._shared(run, f"each {what} has a loop of its own")
        for function in self._in_many_threads():
            for run in self._runs(calls.entry(self._model, function), 0):
                if function.block.module is self._model.linted:
                    yield from self._shared(run, "each thread has a loop of its own")
        for block in self._model.linted.blocks():
            if block.is_class or block.is_async or not self._leads(block.words):
                continue
            runs = sorted(self._runs(self._model.frame(block), 0), key=lambda r: position(r.node))
            for run in runs:
                if is_repeated(block, run.node) and not self._is_on_kept_loop(run):
                    yield from self._shared(
                        run, "each turn of the loop has an event loop of its own"
                    )
            yield from self._second(block, runs)

    def _roots(self) -> Iterator[Root]:
        seen: set[Block] = set()
        for root in (
            *calls.roots(self._model, self._leads),
            *request_roots(self._model, self._leads),
        ):
            block = root.function.block
            if root.role in (Role.REQUEST, Role.OPERATION) and not block.is_async:
                if block not in seen:
                    seen.add(block)
                    yield root

    def _in_many_threads(self) -> Iterator[Func]:
        """The plain functions that a loop, a pool's `map()` or a handler hands to threads, again and again."""
        model = self._model
        spelled_so = model.linted.spellings(*_THREAD_WORDS)
        threads = frozenset(self._thread_classes())
        for call, block in model.linted.calls():
            name = last_name(call.func)
            if name not in spelled_so and name not in threads:
                continue
            if not (name == "map" or any(loops_around(block, call)) or self._is_run_often(block)):
                continue
            frame = model.frame(block)
            if name in threads:
                yield from self._run_by_thread(call, frame)
                continue
            for canonical in calls.names_of(model, model.values(call.func, frame)):
                if canonical in _THREADS:
                    given = argument_of(call, *_THREADS[canonical])
                    if given is not None:
                        found = calls.functions_in(model, model.values(given, frame))
                        yield from (f for f in found if not f.block.is_async)

    def _is_run_often(self, block: Block) -> bool:
        """Does it run for each request, or each task of a queue?"""
        return self._leads(block.words) and (
            runs_per_request(self._model, block) or is_operation(self._model, block)
        )

    def _thread_classes(self) -> Iterator[str]:
        """The names of the file's classes that have a method `run` which may start a loop."""
        for block in self._model.linted.functions():
            if block.name == "run" and block.method_of is not None and self._leads(block.words):
                yield block.method_of.name

    def _run_by_thread(self, call: ast.Call, frame: Frame) -> Iterator[Func]:
        """What the thread runs that is made of a project's subclass of `Thread`."""
        model = self._model
        for value in model.values(call, frame):
            if isinstance(value, Instance):
                if Library("threading.Thread") in attributes.mro(model, value.cls):
                    found = attributes.of_instance(model, value, value.cls, "run")
                    yield from (f for f in calls.functions_in(model, found) if not f.block.is_async)

    def _leads(self, words: frozenset[str] | set[str]) -> bool:
        return not self._names.isdisjoint(words)

    # the runs

    def _runs(self, frame: Frame, depth: int) -> Iterator[_Run]:
        """The loops that a plain function starts, itself or by plain functions that it calls."""
        block = frame.block
        if not self._leads(block.words):
            return
        for call in block.calls:
            if last_name(call.func) in block.module.spellings(*_SPELLED) and call.args:
                if self._starts_loop(call, frame):
                    for value in self._model.values(call.args[0], frame):
                        if isinstance(value, Coroutine):
                            yield _Run(call, block, call, value.frame)
        if depth >= _DEEPEST:
            return
        for step in calls.steps(self._model, frame, self._leads):
            if self._is_plain(step) and isinstance(step.node, ast.expr):
                for run in self._runs(step.callee, depth + 1):
                    yield _Run(step.node, block, run.call, run.coroutine)

    def _is_plain(self, step: Step) -> bool:
        """Does the caller run the callee itself?"""
        block = step.callee.block
        if block.is_async or block.yields or step.node not in step.caller.block.parents:
            return False
        return not isinstance(step.node, ast.Call) or self._leads(spelled(step.node.func))

    def _starts_loop(self, call: ast.Call, frame: Frame) -> bool:
        names = set(calls.names_of(self._model, self._model.values(call.func, frame)))
        if names & _STARTERS:
            return True
        if _CONTINUES not in names or not isinstance(call.func, ast.Attribute):
            return False
        loops = self._model.values(call.func.value, frame)
        return bool(loops) and all(
            isinstance(loop, Made)
            and loop.call is not None
            and last_name(loop.call.func) == "new_event_loop"
            and loop.frame is not None
            and loop.frame.block is frame.block
            and frame.block.is_function
            for loop in loops
        )

    def _loops_of(self, run: _Run) -> Values:
        """The loops, kept by the function under a name, on which it runs the coroutine itself."""
        function = run.call.func
        if run.node is not run.call or not isinstance(function, ast.Attribute):
            return frozenset()
        if last_name(function) != "run_until_complete":
            return frozenset()
        return self._model.values(function.value, self._model.frame(run.block))

    def _is_on_kept_loop(self, run: _Run) -> bool:
        """Does the function make the event loop before the loop in which it runs the coroutine?"""
        around = next(loops_around(run.block, run.node))
        made = {loop.call for loop in self._loops_of(run) if isinstance(loop, Made)}
        return bool(made) and not any(c and is_within(run.block, c, around) for c in made)

    # the engines

    def _shared(self, run: _Run, why: str) -> Iterator[Across]:
        for engine in self._engines_of(run.coroutine):
            yield Across(run.node, engine, run.coroutine.block, why)

    def _second(self, block: Block, runs: list[_Run]) -> Iterator[Across]:
        """The runs of one function with an engine that a run before them has left connections in."""
        for index, later in enumerate(runs):
            for earlier in runs[:index]:
                if is_after(block, earlier.node, later.node):
                    if self._loops_of(earlier) & self._loops_of(later):
                        continue  # one loop, that goes on
                    used = self._engines_of(earlier.coroutine)
                    if used and not self._is_disposed_between(block, earlier.node, later.node):
                        for engine in self._engines_of(later.coroutine):
                            if engine in used:
                                yield Across(later.node, engine, later.coroutine.block, _BEFORE)

    def _is_disposed_between(self, block: Block, earlier: ast.expr, later: ast.expr) -> bool:
        return any(
            isinstance(node, ast.Attribute)
            and node.attr == "dispose"
            and position(earlier) < position(node) < position(later)
            for node in block.nodes
        )

    def _engines_of(self, coroutine: Frame) -> list[Made]:
        """The kept engines with a pool, bound to the loop, that a run uses and does not dispose."""
        if coroutine not in self._used:
            used = engines_used_by(self._model, self._kept(), coroutine)
            if used:
                disposed = list(disposal.of_function(self._model, coroutine))
                used = [e for e in used if not any(disposal.may_be(d.engine, e) for d in disposed)]
            self._used[coroutine] = used
        return self._used[coroutine]

    def _kept(self) -> list[Made]:
        if self._engines is None:
            files = self._model.project.closure(self._model.linted.path)
            self._engines = [
                engine
                for engine in kept_engines(self._model, files)
                if not has_no_pool(self._model, engine) and self._is_bound_to_loop(engine)
            ]
        return self._engines

    def _is_bound_to_loop(self, engine: Made) -> bool:
        """Is its driver asyncpg, or not known?"""
        schemes = urls.engine_schemes(self._model, engine)
        return all(scheme in (None, _BOUND_TO_LOOP) for scheme in schemes)


def _functions_that_run(module: Module) -> Iterator[Block]:
    names = module.spellings(*_SPELLED)
    for block in module.functions():
        if any(last_name(call.func) in names and call.args for call in block.calls):
            if any(_may_run(call) for call in block.calls):
                yield block


def _may_run(call: ast.Call) -> bool:
    """`asyncio.run`, `loop.run_until_complete`, `run`; not `subprocess.run`."""
    match call.func:
        case ast.Attribute(attr="run", value=ast.Name(id=owner)):
            return owner in ("asyncio", "uvloop")
        case ast.Attribute(attr="run_until_complete") | ast.Name():
            return True
    return False
