"""Threads: the functions that a function hands to threads, and from where to where they run beside it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import attributes, calls, invocation, passing
from .flow import is_within, loops_around, position
from .knowledge import threads as known
from .spelling import argument_of
from .strands import STARTERS, Position, Strand
from .values import Cls, Constant, Frame, Func, Instance, Library, Made, Value, Values, in_order
from .waiting import awaited_at, joined_at
from .work import activations, from_containers, given_call, statements

if TYPE_CHECKING:
    from .inference import Model
    from .scopes import Block

_NEVER: Position = (1 << 30, 0)
_Given = tuple[ast.expr, tuple[ast.expr | ast.keyword, ...]]


def thread_strands(model: Model, frame: Frame) -> Iterator[Strand]:
    """What a function hands to threads, without waiting for it at once."""
    words = frozenset(known.WORDS) | frame.block.module.spellings(*known.WORDS)
    for call in frame.block.calls:
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        if name in words:
            yield from _handed_over(model, call, frame)
        elif name[:1].isupper() and (call.args or call.keywords):
            yield from _of_class(model, call, frame)


def _handed_over(model: Model, call: ast.Call, frame: Frame) -> Iterator[Strand]:
    for callee in model.values(call.func, frame):
        name = invocation.callee_name(model, callee)
        if isinstance(callee, Cls):
            yield from _of_class(model, call, frame)
        elif name in known.CLASSES:
            function = argument_of(call, known.CLASSES[name], known.INDEX[name])
            if function is not None:
                yield from _thread(
                    model, call, frame, _in_containers(call, function, known.ARGUMENTS[name])
                )
        elif name in known.AWAITED:
            yield from _awaited(model, call, frame, known.AWAITED[name], None)
        elif name == known.EXECUTES and call.args:
            executors = model.values(call.args[0], frame)
            if _runs_in_threads(model, executors):
                yield from _awaited(model, call, frame, 1, _turns(model, executors))
        elif isinstance(call.func, ast.Attribute) and call.args:
            yield from _pooled(model, call, call.func, frame)
        if name is not None or isinstance(callee, Cls):
            return


def _in_containers(call: ast.Call, function: ast.expr, index: int) -> ast.Call:
    """The call that a thread makes: `Thread(target=f, args=(a,))` calls `f(a)`."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    args = given.get("args", call.args[index] if len(call.args) > index else None)
    parts = list(from_containers(args, given.get("kwargs", given.get("kwds"))))
    return given_call(
        function,
        [p for p in parts if isinstance(p, ast.expr)],
        [p for p in parts if isinstance(p, ast.keyword)],
        call,
    )


# threads


def _of_class(model: Model, call: ast.Call, frame: Frame) -> Iterator[Strand]:
    """A project's subclass of `Thread` runs its method `run`."""
    for value in model.values(call.func, frame):
        if not isinstance(value, Cls):
            continue
        if Library("threading.Thread") not in attributes.mro(model, value):
            continue
        for made in invocation.call(model, value, call, frame):
            if isinstance(made, Instance):
                for method in attributes.of_instance(model, made, value, "run"):
                    if isinstance(method, Func):
                        args = calls.entry(model, method).args
                        activation = model.activation(method, args, frame, call)
                        if activation is not None:
                            yield _started(frame.block, call, (activation,), frozenset())


def _thread(model: Model, call: ast.Call, frame: Frame, given: ast.Call) -> Iterator[Strand]:
    yield _started(
        frame.block, call, activations(model, given, frame), statements(model, given, frame)
    )


def _started(block: Block, call: ast.Call, frames: tuple[Frame, ...], values: Values) -> Strand:
    end = joined_at(block, call)
    return Strand(
        call,
        values,
        call,
        _loop(block, call, end),
        position(_start_of(block, call)),
        position(end) if end is not None else _NEVER,
        call,
        frames,
    )


def _start_of(block: Block, call: ast.Call) -> ast.AST:
    """The `start()` of a thread that is kept under a name; else its construction."""
    statement = block.statement(call)
    if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is call:
        target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
        for other in block.calls:
            match other.func:
                case ast.Attribute(value=owner, attr="start"):
                    if ast.unparse(owner) == ast.unparse(target):
                        if position(other) > position(call):
                            return other
    return call


def _loop(block: Block, call: ast.Call, end: ast.AST | None) -> ast.AST | None:
    """The loop that makes many of what is waited for only after it."""
    loops = loops_around(block, call)
    return next((one for one in loops if end is None or not is_within(block, end, one)), None)


# executors and pools


def _pooled(
    model: Model, call: ast.Call, function: ast.Attribute, frame: Frame
) -> Iterator[Strand]:
    owners = model.values(function.value, frame)
    types = {attributes.type_name(model, owner) for owner in owners}
    first, *rest = call.args
    if types == {known.SCHEDULER} and function.attr == "add_job":
        given = _in_containers(call, first, 2)
        frames = activations(model, given, frame)
        together = next((owner.call for owner in in_order(owners) if isinstance(owner, Made)), None)
        start = position(call)
        yield Strand(call, frozenset(), call, None, start, _NEVER, together or call, frames)
        return
    if not types or not types <= {known.EXECUTOR, *known.POOLS}:
        return
    if function.attr == "apply_async":
        given = _in_containers(call, first, 1)
    elif function.attr in known.MANY:
        given = given_call(first, [], [], call)
    else:
        given = given_call(first, rest, call.keywords, call)
    block = frame.block
    end = joined_at(block, call)
    group = _pool_statement(block, function.value, call)
    if end is call:
        return
    turns = _turns(model, owners)
    many = function.attr in known.MANY and turns is None
    loop = call if many else _loop(block, call, end or group)
    if end is None and function.attr in known.MANY:
        end = call
    yield Strand(
        call,
        statements(model, given, frame),
        call,
        loop if turns is None else None,
        position(call),
        position(end) if end is not None else _end(group),
        call,
        activations(model, given, frame),
        turns,
    )


def _pool_statement(block: Block, pool: ast.expr, call: ast.Call) -> ast.AST | None:
    """The `with … as pool` around the call."""
    for ancestor in block.ancestors(call):
        if isinstance(ancestor, ast.With):
            for item in ancestor.items:
                if ast.unparse(pool) in (
                    ast.unparse(item.context_expr),
                    ast.unparse(item.optional_vars) if item.optional_vars else "",
                ):
                    return ancestor
    return None


def _end(node: ast.AST | None) -> Position:
    line = getattr(node, "end_lineno", None)
    return _NEVER if line is None else (line, 1 << 20)


def _turns(model: Model, executors: Values) -> Value | None:
    """The executor, if it has one thread: it runs one function after the other."""
    for executor in executors:
        if isinstance(executor, Made):
            for keyword in ("max_workers", "processes"):
                given = passing.argument_values(model, executor, keyword, 0)
                if given == frozenset({Constant(1)}):
                    return executor
    return None


def _runs_in_threads(model: Model, executors: Values) -> bool:
    """Is it the default executor, or one of threads?"""
    return all(
        executor == Constant(None) or attributes.type_name(model, executor) == known.EXECUTOR
        for executor in executors
    )


# coroutines that wait for a thread


def _awaited(
    model: Model, call: ast.Call, frame: Frame, index: int, turns: Value | None
) -> Iterator[Strand]:
    block = frame.block
    if isinstance(block.parents.get(call), ast.Await) or len(call.args) <= index:
        return
    eager = index == 1
    carrier = call
    for ancestor in block.ancestors(call):
        if not isinstance(ancestor, ast.Call):
            break
        if set(calls.names_of(model, model.values(ancestor.func, frame))) & STARTERS:
            carrier, eager = ancestor, True
            break
    end = awaited_at(block, carrier)
    if (end is None and not eager) or isinstance(block.parents.get(carrier), ast.Await):
        return
    given = given_call(call.args[index], call.args[index + 1 :], call.keywords, call)
    start = position(call) if eager or end is None else position(end)
    yield Strand(
        call,
        statements(model, given, frame),
        call,
        _loop(block, call, end) if turns is None else None,
        start,
        _NEVER if end is None else _end(end) if eager else start,
        call if eager or end is None else end,
        activations(model, given, frame),
        turns,
    )
