"""Strands: the coroutines that a function lets run at the same time, and from where to where they run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import attributes, calls, invocation
from .flow import is_within, loops_around, position
from .knowledge import Kind
from .values import (
    Bound,
    Coroutine,
    Elements,
    Frame,
    Func,
    Items,
    Made,
    Mapping,
    Partial,
    Value,
    Values,
)
from .waiting import awaited_at, cancelled_at

if TYPE_CHECKING:
    from .inference import Model
    from .scopes import Block

GATHERERS = frozenset({"asyncio.gather", "asyncio.wait", "asyncio.as_completed"})
STARTERS = frozenset(
    {"asyncio.create_task", "asyncio.ensure_future", "asyncio.AbstractEventLoop.create_task"}
)
_TRANSPARENT = frozenset({"asyncio.wait_for", "asyncio.shield"})
_GROUP_METHODS = frozenset({"create_task", "start_soon", "start"})
Position = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Strand:
    """One thing that runs beside others: the values that run, and from where to where in the function's text.

    `loop` is the loop or comprehension that makes many of them; `launch` is the call that makes them concurrent, and
    those of one `group` run together. `frames` are activations that run although nobody awaits them: in a thread.
    Those with the same `turns` run one after the other.
    """

    node: ast.expr
    values: Values
    launch: ast.Call
    loop: ast.AST | None
    start: Position
    end: Position
    group: ast.AST
    frames: tuple[Frame, ...] = ()
    turns: Value | None = None


def task_strands(model: Model, frame: Frame) -> Iterator[Strand]:
    """The coroutines that a function gathers, or starts as tasks."""
    block = frame.block
    for call in block.calls:
        names = (
            set(calls.names_of(model, model.values(call.func, frame)))
            if _may_launch(call)
            else set()
        )
        if names & GATHERERS:
            yield from _gathered(model, call, frame)
        elif names & STARTERS and call.args:
            yield from _started(model, call, call.args[0], frame)
        elif isinstance(call.func, ast.Attribute) and call.func.attr in _GROUP_METHODS:
            receivers = model.values(call.func.value, frame)
            if call.args and any(attributes.kind_of(model, v) is Kind.TASKS for v in receivers):
                yield from _started_in_group(model, call, frame)


def _may_launch(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name | ast.Attribute)


def _gathered(model: Model, call: ast.Call, frame: Frame) -> Iterator[Strand]:
    start = position(call)
    for argument in call.args:
        for node, loop, values in _sources(model, argument, frame, None, 0):
            yield Strand(node, values, call, loop, start, start, call)


def _sources(
    model: Model, node: ast.expr, frame: Frame, loop: ast.AST | None, depth: int
) -> Iterator[tuple[ast.expr, ast.AST | None, Values]]:
    """The coroutines behind an argument of `gather`, with the loop that makes many of one."""
    if depth > 6:
        return
    match node:
        case ast.Starred(value=inner):
            yield from _sources(model, inner, frame, loop, depth + 1)
        case ast.ListComp(elt=element) | ast.SetComp(elt=element) | ast.GeneratorExp(elt=element):
            yield from _sources(model, element, frame, node, depth + 1)
        case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
            for element in elements:
                yield from _sources(model, element, frame, loop, depth + 1)
        case ast.Dict(values=values):
            for value in values:
                yield from _sources(model, value, frame, loop, depth + 1)
        case ast.DictComp(value=value):
            yield from _sources(model, value, frame, node, depth + 1)
        case ast.IfExp(body=body, orelse=orelse):
            yield from _sources(model, body, frame, loop, depth + 1)
            yield from _sources(model, orelse, frame, loop, depth + 1)
        case ast.Name(id=name) if name in frame.block.bindings:
            yield from _collected(model, node, frame, loop, depth)
        case ast.Call():
            yield from _from_call(model, node, frame, loop, depth)
        case _:
            yield from _unpacked(node, model.values(node, frame), loop)


def _from_call(
    model: Model, node: ast.Call, frame: Frame, loop: ast.AST | None, depth: int
) -> Iterator[tuple[ast.expr, ast.AST | None, Values]]:
    names = set(calls.names_of(model, model.values(node.func, frame)))
    if names & STARTERS:
        return  # a strand of its own
    if names & GATHERERS:
        for argument in node.args:
            yield from _sources(model, argument, frame, loop, depth + 1)
        return
    if node.args and names & (_TRANSPARENT | {"builtins.list", "builtins.tuple", "builtins.set"}):
        yield from _sources(model, node.args[0], frame, loop, depth + 1)
    elif "builtins.map" in names:
        yield node, node, results_of_map(model, node, frame)
    elif isinstance(node.func, ast.Attribute) and node.func.attr == "values" and not node.args:
        yield from _sources(model, node.func.value, frame, loop, depth + 1)
    else:
        yield from _unpacked(node, model.values(node, frame), loop)


def results_of_map(model: Model, call: ast.Call, frame: Frame) -> Values:
    """What each round of `map(function, …)` gives; nothing for any other call."""
    match call.func:
        case ast.Name(id="map") if len(call.args) >= 2:
            if "builtins.map" in calls.names_of(model, model.values(call.func, frame)):
                return _results(model, call.args[0], call, frame)
    return frozenset()


def _unpacked(
    node: ast.expr, values: Values, loop: ast.AST | None
) -> Iterator[tuple[ast.expr, ast.AST | None, Values]]:
    for value in values:
        match value:
            case Elements(inner):
                yield node, node, inner
            case Items(elements):
                for element in elements:
                    yield from _unpacked(node, element, loop)
            case Mapping(entries):
                for _, element in entries:
                    yield from _unpacked(node, element, loop)
            case Coroutine() | Made() | Bound():
                yield node, loop, frozenset({value})


def _collected(
    model: Model, node: ast.Name, frame: Frame, loop: ast.AST | None, depth: int
) -> Iterator[tuple[ast.expr, ast.AST | None, Values]]:
    """What a local name holds: its value, and what is appended to it or stored under its keys."""
    block = frame.block
    comprehension = block.comprehension_binding(node)
    bindings = block.reaching(node.id, node) if comprehension is None else []
    if comprehension is not None or node.id in block.parameters:
        yield from _unpacked(node, model.values(node, frame), loop)
        return
    for binding in bindings:
        match binding.node:
            case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
                yield from _sources(model, value, frame, loop, depth + 1)
            case _:
                yield from _unpacked(node, model.values(node, frame), loop)
    for other in block.nodes:
        added = _added_to(other, node.id)
        if added is not None and position(other) < position(node):
            around = loop or next(
                (one for one in loops_around(block, other) if not is_within(block, node, one)), None
            )
            yield from _sources(model, added, frame, around, depth + 1)


def _added_to(node: ast.AST, name: str) -> ast.expr | None:
    """`name.append(x)`, `name += [x]`, `name[key] = x`: the x."""
    match node:
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id=owner), attr="append" | "add" | "extend"),
            args=[added],
        ) if owner == name:
            return added
        case ast.AugAssign(target=ast.Name(id=owner), value=added) if owner == name:
            return added
        case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=owner))], value=added) if (
            owner == name
        ):
            return added
    return None


def _started(model: Model, call: ast.Call, coroutine: ast.expr, frame: Frame) -> Iterator[Strand]:
    """`create_task(coroutine)`: a strand from here to where the function waits for it."""
    block = frame.block
    end = awaited_at(block, call) or cancelled_at(block, call)
    if end is None:
        return
    loop = next(
        (one for one in loops_around(block, call) if not _ends_within(block, one, end)), None
    )
    values = model.values(coroutine, frame)
    until = _behind(end) if is_within(block, call, end) else position(end)
    yield Strand(coroutine, values, call, loop, position(call), until, call)


def _behind(node: ast.AST) -> Position:
    return getattr(node, "end_lineno", 0) or 0, getattr(node, "end_col_offset", 0) or 0


def _ends_within(block: Block, loop: ast.AST, end: ast.AST) -> bool:
    return is_within(block, end, loop)


def _started_in_group(model: Model, call: ast.Call, frame: Frame) -> Iterator[Strand]:
    """`group.create_task(coroutine)`, `group.start_soon(function, …)`: a strand up to the end of the group's `with`."""
    assert isinstance(call.func, ast.Attribute)
    block = frame.block
    first = call.args[0]
    is_made = call.func.attr == "create_task"
    values = model.values(first, frame) if is_made else _results(model, first, call, frame)
    group = _group_statement(block, call)
    loops = loops_around(block, call)
    loop = next((one for one in loops if group is None or is_within(block, one, group)), None)
    end = (getattr(group, "end_lineno", 0) or 0, 1 << 20) if group is not None else (1 << 30, 0)
    yield Strand(first, values, call, loop, position(call), end, call)


def _group_statement(block: Block, call: ast.Call) -> ast.AST | None:
    """The `async with … as group` whose group starts the task."""
    assert isinstance(call.func, ast.Attribute)
    if not isinstance(call.func.value, ast.Name):
        return None
    for ancestor in block.ancestors(call):
        if isinstance(ancestor, ast.AsyncWith):
            for item in ancestor.items:
                target = item.optional_vars
                if isinstance(target, ast.Name) and target.id == call.func.value.id:
                    return ancestor
    return None


def _results(model: Model, function: ast.expr, call: ast.Call, frame: Frame) -> Values:
    """What `start_soon(function, …)` or `map(function, …)` runs."""
    shifted = ast.copy_location(ast.Call(function, call.args[1:], []), call)
    if isinstance(call.func, ast.Name):  # map: its further arguments are iterated over
        shifted = ast.copy_location(ast.Call(function, [], []), call)
    found: set[Value] = set()
    for value in model.values(function, frame):
        if isinstance(value, Func | Partial | Bound):
            found |= invocation.call(model, value, shifted, frame)
    return frozenset(found)
