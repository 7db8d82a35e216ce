"""Where a process is forked: what makes it, when, and which code runs in the child."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import attributes, calls, passing
from .branches import child_branch
from .knowledge import Kind
from .knowledge.processes import GIVEN, INITIALIZERS, SOURCES, TARGETS, WORDS
from .scopes import Block
from .spelling import argument_of
from .trails import Trails
from .values import Constant, Frame, Instance, Made, Site, Value

if TYPE_CHECKING:
    from .inference import Model

Nodes = frozenset[ast.AST]


@dataclass(frozen=True, slots=True)
class Child:
    """Code that runs in the child: a function, or of a function that forks by itself only these nodes."""

    frame: Frame
    nodes: Nodes | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """A node of a block that forks when it is evaluated."""

    node: ast.AST
    block: Block


@dataclass(frozen=True, slots=True)
class Fork:
    """A call that makes a process or pool, the points where the parent forks, and the children's code."""

    call: ast.Call
    block: Block
    points: tuple[Point, ...]
    children: tuple[Child, ...]


def forks(model: Model) -> Iterator[Fork]:
    """The forks that the linted file makes, in the order of the text."""
    if not makes_processes(model):
        return
    names = names_of_makers(model)
    for call, block in model.linted.calls():
        if calls.spelled(call) in names:
            yield from _forked_by(model, call, block)


def makes_processes(model: Model) -> bool:
    """Does any file at hand get to a library that makes processes?"""
    return model.project.closure_says(model.linted.path, *SOURCES)


def names_of_makers(model: Model) -> frozenset[str]:
    """The names by which the linted file makes processes and pools."""
    trails = model.project.trails.get(WORDS)
    if trails is None:
        trails = model.project.trails[WORDS] = Trails(model.project, WORDS)
    return trails.names(model.linted.path) | frozenset(WORDS)


def _forked_by(model: Model, call: ast.Call, block: Block) -> Iterator[Fork]:
    frame = model.frame(block)
    here = Point(call, block)
    if "os.fork" in calls.names_of(model, model.values(call.func, frame)):
        yield Fork(call, block, (here,), (Child(frame, child_branch(model, call, block)),))
        return
    for value in model.values(call, frame):
        if not isinstance(value, Made | Instance) or value.site != Site.of(call, block):
            continue
        if value.context or not is_forked(model, value):
            continue
        if isinstance(value, Made) and value.type == "joblib.Parallel":
            yield Fork(call, block, (here,), tuple(_delayed(model, call, block)))
            continue
        match attributes.kind_of(model, value):
            case Kind.PROCESS:
                points = tuple(_starts(model, value, call, block))
                yield Fork(call, block, points, tuple(_run_by(model, value)))
            case Kind.PROCESS_POOL:
                given = list(_given_to(model, value))
                lazy = attributes.type_name(model, value) == "concurrent.ProcessPoolExecutor"
                points = tuple(point for point, _ in given) if lazy and given else (here,)
                children = (*_initializers(model, value), *(child for _, child in given))
                yield Fork(call, block, points, children)


# start methods


def is_forked(model: Model, made: Made | Instance) -> bool:
    """Does the process start as a fork of its parent, as far as is known?"""
    contexts: frozenset[Value] | None = None
    if isinstance(made, Made):
        if made.type == "joblib.Parallel":
            backend = passing.argument_values(model, made, "backend")
            if backend is None or backend - {Constant("multiprocessing")}:
                return False
        elif made.origin is not None:
            contexts = frozenset({made.origin})
        else:
            contexts = passing.argument_values(model, made, "mp_context", 1)
            if made.type != "concurrent.ProcessPoolExecutor":
                contexts = None
    name = attributes.type_name(model, made) or ""
    if contexts is None or contexts == {Constant(None)}:
        return name.startswith("billiard.") or _forks_by_default(model)
    return all(_is_fork_context(model, context) for context in contexts)


def _is_fork_context(model: Model, context: Value) -> bool:
    if not isinstance(context, Made) or context.type != "multiprocessing.BaseContext":
        return False
    methods = passing.argument_values(model, context, "method", 0)
    if methods is None or methods == {Constant(None)}:
        return _forks_by_default(model)
    return methods == {Constant("fork")}


def _forks_by_default(model: Model) -> bool:
    """What `set_start_method()` says in the files at hand; else the default on Linux, by the Python declared."""
    methods = set(_methods_set(model))
    if methods:
        return "fork" in methods
    declared = model.project.declared(model.linted.path)
    is_declared = declared.may_be_below("python", "99")
    return not is_declared or declared.may_be_below("python", "3.14")


def _methods_set(model: Model) -> Iterator[object]:
    for path in model.project.saying(model.linted.path, "set_start_method"):
        module = model.project.module(path)
        for call, block in module.calls() if module is not None else ():
            if calls.spelled(call) == "set_start_method":
                frame = model.frame(block)
                given = argument_of(call, "method", 0)
                for value in model.values(given, frame):
                    yield value.value if isinstance(value, Constant) else None


# the points where the parent forks


def _starts(
    model: Model, process: Made | Instance, call: ast.Call, block: Block
) -> Iterator[Point]:
    """The calls of its `start()`; where there are none, those of something unknown in the same function."""
    starts = [
        (other, inside, model.values(other.func.value, model.frame(inside)))
        for other, inside in model.linted.calls()
        if isinstance(other.func, ast.Attribute) and other.func.attr == "start"
    ]
    own = [Point(other, inside) for other, inside, values in starts if _among(process, values)]
    later = [
        Point(other, inside)
        for other, inside, values in starts
        if inside is block and other.lineno >= call.lineno and not any(map(_is_made, values))
    ]
    yield from own or later or [Point(call, block)]


def _is_made(value: Value) -> bool:
    return isinstance(value, Made | Instance)


def _among(made: Made | Instance, values: frozenset[Value]) -> bool:
    return any(isinstance(v, Made | Instance) and v.site == made.site for v in values)


# the children's code


def _run_by(model: Model, process: Made | Instance) -> Iterator[Child]:
    if isinstance(process, Instance):
        for method in attributes.of_instance(model, process, process.cls, "run"):
            yield from _as_children(model, frozenset({method}))
    else:
        targets = passing.argument_values(model, process, "target", TARGETS)
        yield from _as_children(model, targets or frozenset())


def _initializers(model: Model, pool: Made | Instance) -> Iterator[Child]:
    if isinstance(pool, Made):
        index = INITIALIZERS[pool.type]
        given = passing.argument_values(model, pool, "initializer", index)
        yield from _as_children(model, given or frozenset())


def _given_to(model: Model, pool: Made | Instance) -> Iterator[tuple[Point, Child]]:
    """The functions that a pool runs: `pool.map(f, …)`, `executor.submit(f)`, `loop.run_in_executor(executor, f)`."""
    for call, block in model.linted.calls():
        name = calls.spelled(call)
        if name not in GIVEN or not isinstance(call.func, ast.Attribute):
            continue
        frame = model.frame(block)
        index = GIVEN[name]
        owner = call.func.value if index == 0 else argument_of(call, "executor", 0)
        if owner is None or not _among(pool, model.values(owner, frame)):
            continue
        function = argument_of(call, "func", index)
        if function is not None:
            for child in _as_children(model, model.values(function, frame)):
                yield Point(call, block), child


def _delayed(model: Model, parallel: ast.Call, block: Block) -> Iterator[Child]:
    """`Parallel(…)(delayed(f)(x) for x in xs)`."""
    outer = block.parents.get(parallel)
    frame = model.frame(block)
    for node in ast.walk(outer) if isinstance(outer, ast.Call) and outer.func is parallel else ():
        if isinstance(node, ast.Call) and calls.spelled(node) == "delayed" and node.args:
            yield from _as_children(model, model.values(node.args[0], frame))


def _as_children(model: Model, values: frozenset[Value]) -> Iterator[Child]:
    for function in calls.functions_in(model, values):
        yield Child(calls.entry(model, function))


# hooks


def hooks_before(model: Model) -> Iterator[Frame]:
    """The functions that `os.register_at_fork(before=…)` runs in the parent, in the files at hand."""
    for path in model.project.saying(model.linted.path, "register_at_fork"):
        module = model.project.module(path)
        for call, block in module.calls() if module is not None else ():
            if calls.spelled(call) == "register_at_fork":
                frame = model.frame(block)
                given = argument_of(call, "before")
                if given is not None:
                    for function in calls.functions_in(model, model.values(given, frame)):
                        yield calls.entry(model, function)
