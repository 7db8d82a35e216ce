"""Hand-overs: calls that give work to something that runs it later, and the sessions that go along."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from . import attributes, calls, invocation
from .flow import is_within
from .knowledge import later as known
from .origins import expression_behind
from .session_uses import SessionUses, Use
from .sought import parts
from .spelling import argument_of
from .strands import STARTERS
from .values import Bound, Coroutine, Frame, Func, Generator, Instance, Made, Partial, Value, Values
from .waiting import is_left_alone, is_returned
from .work import activations, from_containers, given_call

if TYPE_CHECKING:
    from .inference import Model
    from .scopes import Block


class Later(Enum):
    """When handed over work runs."""

    RESPONDED = auto()  # after the response was sent
    ALONE = auto()  # in a task that nobody awaits
    ELSEWHERE = auto()  # in a worker of a queue: another process
    SCHEDULED = auto()
    STREAMED = auto()  # while the response is sent


@dataclass(frozen=True, slots=True)
class Handover:
    """A call that hands work over: what it runs, and what it is given besides."""

    call: ast.Call
    frame: Frame
    later: Later
    given: tuple[ast.expr, ...]
    work: tuple[Frame, ...]
    generator: ast.GeneratorExp | None = None


def handovers(model: Model, frame: Frame) -> Iterator[Handover]:
    """The hand-overs of a function, streams apart."""
    words = frozenset(known.WORDS) | frame.block.module.spellings(*known.WORDS)
    for call in frame.block.calls:
        if getattr(call.func, "attr", getattr(call.func, "id", "")) in words:
            if _is_run_by(frame.block, call):
                continue
            for callee in model.values(call.func, frame):
                handover = _handed_over(model, call, callee, frame)
                if handover is not None:
                    yield handover
                    break


def _is_run_by(block: Block, call: ast.Call) -> bool:
    """Does the function run the tasks itself: `await tasks()`?"""
    match call.func:
        case ast.Attribute(value=ast.Name(id=name)):
            return any(
                isinstance(other.func, ast.Name) and other.func.id == name for other in block.calls
            )
    return False


def _handed_over(model: Model, call: ast.Call, callee: Value, frame: Frame) -> Handover | None:
    name = invocation.callee_name(model, callee) or ""
    if isinstance(callee, Bound) and isinstance(callee.receiver, Func):
        if callee.name in known.SENDS:
            if not known.TASKS.isdisjoint(invocation.decorators(model, callee.receiver)):
                return Handover(call, frame, Later.ELSEWHERE, _arguments(call), ())
    elif name in known.BACKGROUND:
        keyword, index = known.BACKGROUND[name]
        function = argument_of(call, keyword, index)
        if function is not None:
            given = given_call(function, call.args[index + 1 :], call.keywords, call)
            work = activations(model, given, frame)
            return Handover(call, frame, Later.RESPONDED, (*_arguments(given), function), work)
    elif name in known.QUEUES:
        return Handover(call, frame, Later.ELSEWHERE, _arguments(call)[known.QUEUES[name] :], ())
    elif name in known.JOBS:
        return _scheduled(model, call, frame, known.JOBS[name])
    elif name in STARTERS and call.args and _is_left_alone(frame, call):
        found = model.values(call.args[0], frame)
        work = tuple(value.frame for value in found if isinstance(value, Coroutine))
        inner = call.args[0]
        direct = _arguments(inner) if isinstance(inner, ast.Call) and work else ()
        return Handover(call, frame, Later.ALONE, direct, work)
    return None


def _is_left_alone(frame: Frame, call: ast.Call) -> bool:
    """Does neither the function nor, where it returns the task, its caller wait for it?"""
    if is_left_alone(frame.block, call):
        return True
    if frame.caller is None or not isinstance(frame.call, ast.Call):
        return False
    return is_returned(frame.block, call) and is_left_alone(frame.caller.block, frame.call)


def _scheduled(model: Model, call: ast.Call, frame: Frame, index: int) -> Handover | None:
    function = argument_of(call, "func", 0)
    if function is None:
        return None
    args = argument_of(call, "args", index)
    kwargs = argument_of(call, "kwargs", index + 1)
    found = list(from_containers(args, kwargs))
    given = given_call(
        function,
        [part for part in found if isinstance(part, ast.expr)],
        [part for part in found if isinstance(part, ast.keyword)],
        call,
    )
    work = activations(model, given, frame)
    return Handover(call, frame, Later.SCHEDULED, (*_arguments(given), function), work)


def _arguments(call: ast.Call) -> tuple[ast.expr, ...]:
    """What a call is given; of `args=(a, b)` and `kwargs={…}` the parts."""
    return (*call.args, *(keyword.value for keyword in call.keywords))


def streams(model: Model, frame: Frame) -> Iterator[Handover]:
    """The responses of a function that run a generator while they are sent."""
    words = frozenset(known.STREAM_WORDS) | frame.block.module.spellings(*known.STREAM_WORDS)
    for call in frame.block.calls:
        if getattr(call.func, "attr", getattr(call.func, "id", "")) not in words:
            continue
        for name in calls.names_of(model, model.values(call.func, frame)):
            keyword = known.STREAMS.get((name.partition(".")[0], name.rpartition(".")[2]))
            content = argument_of(call, keyword, 0) if keyword else None
            if content is not None:
                yield _streamed(model, call, content, frame)
                break


def _streamed(model: Model, call: ast.Call, content: ast.expr, frame: Frame) -> Handover:
    values = model.values(content, frame)
    wrapper = content
    if isinstance(content, ast.Call) and content.args:
        if set(calls.names_of(model, model.values(content.func, frame))) & {*known.KEEPS_CONTEXT}:
            wrapper = content.args[0]
            values = model.values(wrapper, frame)
    work = tuple(_iterated(model, values, call, frame))
    behind = expression_behind(model, wrapper, frame)
    generator = None
    if behind is not None and behind[1].block is frame.block:
        generator = behind[0] if isinstance(behind[0], ast.GeneratorExp) else None
    return Handover(call, frame, Later.STREAMED, (), work, generator)


def _iterated(model: Model, values: Values, call: ast.Call, frame: Frame) -> Iterator[Frame]:
    for value in values:
        match value:
            case Generator(inner):
                yield inner
            case Instance(cls):
                for name in ("__iter__", "__aiter__", "__next__", "__anext__"):
                    for method in attributes.of_instance(model, value, cls, name):
                        if isinstance(method, Func):
                            args = calls.entry(model, method).args
                            found = model.activation(method, args, frame, call)
                            if found is not None:
                                yield found


# sessions that go along


def sessions_of(model: Model, handover: Handover) -> dict[Made | Instance, Use]:
    """The sessions from outside that the work uses or is given."""
    finder = SessionUses(model, asynchronous=None)
    found: dict[Made | Instance, Use] = {}
    for argument in handover.given:
        for session in _sessions_in(model, model.values(argument, handover.frame), finder):
            if not handover.work or _is_read(session, handover.work):
                found.setdefault(session, Use(argument, handover.frame, False))
    for start in handover.work:
        if not _carries(start, finder):
            continue
        for used, uses in finder.of(start).items():
            if isinstance(used, Made | Instance):
                found.setdefault(used, uses[0])
    if handover.generator is not None:
        block, first = handover.frame.block, handover.generator.generators[0].iter
        for node, used in finder.inside(handover.frame):
            if isinstance(used, Made | Instance) and is_within(block, node, handover.generator):
                if not is_within(block, node, first) or _is_lazy(block, node, first):
                    found.setdefault(used, Use(node, handover.frame, False))
    return found


def _is_lazy(block: Block, node: ast.AST, first: ast.expr) -> bool:
    """Is it `session.query(…)…`, which sends nothing before the first row is asked for?"""
    if not (isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "query"):
        return False
    for around in block.ancestors(node):
        match around:
            case _ if node is first:
                return True
            case ast.Attribute(attr=name) if name not in known.SENDS_QUERY:
                pass
            case ast.Call(func=function) if function is node:
                pass
            case _:
                return False
        node = around
    return False


def _carries(work: Frame, finder: SessionUses) -> bool:
    """Can a session of the function that hands over come along: as an argument, in an object, in a closure?"""
    if work.closure is not None and work.closure.block.is_function:
        return True
    given = [part for _, values in work.args for value in values for part in parts(value)]
    return any(
        isinstance(part, Instance | Func | Partial) or finder.concerns(part) for part in given
    )


def _sessions_in(model: Model, values: Values, finder: SessionUses) -> Iterator[Made | Instance]:
    """The sessions among values, in their collections and in what a `partial` got."""
    for value in values:
        if isinstance(value, Partial):
            for inner in (*value.positional, *(given for _, given in value.keywords)):
                yield from _sessions_in(model, inner, finder)
        for part in parts(value):
            if isinstance(part, Made | Instance) and finder.concerns(part):
                yield part


def _is_read(session: Value, work: tuple[Frame, ...]) -> bool:
    """Does a function that gets the session read the parameter that holds it?"""
    return any(
        _reads(frame.block, name)
        for frame in work
        for name, values in frame.args
        if any(session in parts(value) for value in values)
    )


def _reads(block: Block, name: str) -> bool:
    return any(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
        for node in ast.walk(block.node)
    )
