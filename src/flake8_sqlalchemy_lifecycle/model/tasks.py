"""Tasks: which coroutines a function lets run at the same time, and which sessions each of them uses."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import attributes, calls, invocation
from .flow import are_exclusive, enclosing_withs, is_within, loops_around, position
from .inference import known
from .knowledge import IO_METHODS, Kind
from .values import (
    Bound,
    Constant,
    Coroutine,
    Elements,
    Frame,
    Func,
    Generator,
    Instance,
    Items,
    Made,
    Manager,
    Mapping,
    Partial,
    Site,
    Value,
    Values,
)

if TYPE_CHECKING:
    from .inference import Model
    from .scopes import Block

GATHERERS = frozenset({"asyncio.gather", "asyncio.wait", "asyncio.as_completed"})
STARTERS = frozenset(
    {"asyncio.create_task", "asyncio.ensure_future", "asyncio.AbstractEventLoop.create_task"}
)
_TRANSPARENT = frozenset({"asyncio.wait_for", "asyncio.shield"})
_GROUP_METHODS = frozenset({"create_task", "start_soon", "start"})
_MOST_FRAMES = 80
Position = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Use:
    """A statement that a session sends: the node, the activation, and whether a lock is held meanwhile."""

    node: ast.AST
    frame: Frame
    locked: bool


@dataclass(frozen=True, slots=True)
class Strand:
    """One thing that runs beside others: the values that run, and from where to where in the function's text.

    `loop` is the loop or comprehension that makes many of them; `launch` is the call that makes them concurrent.
    """

    node: ast.expr
    values: Values
    launch: ast.Call
    loop: ast.AST | None
    start: Position
    end: Position


@dataclass(frozen=True, slots=True)
class Collision:
    """One session that several strands of a function use at the same time."""

    session: Value
    launch: ast.Call
    users: tuple[ast.expr, ...]
    use: Use


@dataclass(slots=True)
class _Uses:
    """The uses of each session by one strand."""

    by_session: dict[Value, list[Use]] = field(default_factory=dict)

    def add(self, session: Value, use: Use) -> None:
        self.by_session.setdefault(session, []).append(use)


def collisions(model: Model, frame: Frame) -> Iterator[Collision]:
    """The sessions that a function lets several coroutines use at once; the first launch for each session."""
    block = frame.block
    strands = sorted(_strands(model, frame), key=lambda strand: position(strand.launch))
    if not strands:
        return
    uses = {id(strand): _used_by(model, strand, frame) for strand in strands}
    seen: set[Value] = set()
    for strand in strands:
        for session, mine in uses[id(strand)].items():
            if session in seen or _is_one_of_many(block, session):
                continue
            users: list[ast.expr] = []
            if strand.loop is not None and not _is_made_within(block, session, strand.loop):
                if not all(use.locked for use in mine):
                    users = [strand.node]
            for other in strands:
                theirs = uses[id(other)].get(session, [])
                if other is not strand and theirs and _at_once(block, strand, other):
                    if not (all(u.locked for u in mine) and all(u.locked for u in theirs)):
                        users = users or [strand.node]
                        users.append(other.node)
            if not users:
                rival = _use_beside(model, frame, strand, session)
                if rival is not None:
                    users = [strand.node, rival]
            if users:
                seen.add(session)
                yield Collision(session, strand.launch, tuple(users), mine[0])


def _at_once(block: Block, one: Strand, other: Strand) -> bool:
    if are_exclusive(block, one.node, other.node):
        return False
    if one.launch is other.launch:
        return True
    first, second = sorted((one, other), key=lambda strand: strand.start)
    return second.start < first.end


def _is_one_of_many(block: Block, session: Value) -> bool:
    """Is the session made in a loop of the function, so that what looks like one are many?"""
    node = _creation(block, session)
    return node is not None and isinstance(
        next(loops_around(block, node), None),
        ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp,
    )


def _is_made_within(block: Block, session: Value, loop: ast.AST) -> bool:
    node = _creation(block, session)
    return node is not None and is_within(block, node, loop)


def _creation(block: Block, session: Value) -> ast.AST | None:
    """The call of this function that makes the session, if one does."""
    if not isinstance(session, Made | Instance):
        return None
    site = session.context[-1] if session.context else session.site
    if site.path != block.module.path:
        return None
    return next((c for c in block.calls if position(c) == (site.line, site.column)), None)


# strands


def _strands(model: Model, frame: Frame) -> Iterator[Strand]:
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
            yield Strand(node, values, call, loop, start, start)


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
    if node.args and names & (_TRANSPARENT | {"builtins.list", "builtins.tuple", "builtins.set"}):
        yield from _sources(model, node.args[0], frame, loop, depth + 1)
    elif len(node.args) >= 2 and "builtins.map" in names:
        yield node, node, _results(model, node.args[0], node, frame)
    elif isinstance(node.func, ast.Attribute) and node.func.attr == "values" and not node.args:
        yield from _sources(model, node.func.value, frame, loop, depth + 1)
    else:
        yield from _unpacked(node, model.values(node, frame), loop)


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
    end = _awaited_at(model, call, frame)
    if end is None:
        return
    loop = next(
        (one for one in loops_around(block, call) if not _ends_within(block, one, end)), None
    )
    values = model.values(coroutine, frame)
    yield Strand(coroutine, values, call, loop, position(call), position(end))


def _ends_within(block: Block, loop: ast.AST, end: ast.AST) -> bool:
    return is_within(block, end, loop)


def _started_in_group(model: Model, call: ast.Call, frame: Frame) -> Iterator[Strand]:
    """`group.create_task(coroutine)` or `group.start_soon(function, …)`: a strand up to the end of the group's `with`."""
    assert isinstance(call.func, ast.Attribute)
    block = frame.block
    first = call.args[0]
    if call.func.attr == "create_task":
        values = model.values(first, frame)
    else:
        values = _results(model, first, call, frame)
    group = _group_statement(block, call)
    loops = loops_around(block, call)
    loop = next((one for one in loops if group is None or is_within(block, one, group)), None)
    end = (getattr(group, "end_lineno", 0) or 0, 1 << 20) if group is not None else (1 << 30, 0)
    yield Strand(first, values, call, loop, position(call), end)


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


def _awaited_at(model: Model, call: ast.Call, frame: Frame) -> ast.AST | None:
    """Where the function waits for a task that it created by `call`; None where it never does."""
    block = frame.block
    parent = block.parents.get(call)
    if isinstance(parent, ast.Await):
        return None  # awaited at once
    names = _holders(block, call)
    waits = [
        node
        for node in block.nodes
        if isinstance(node, ast.Await | ast.AsyncFor)
        and not is_within(block, call, node)
        and any(isinstance(n, ast.Name) and n.id in names for n in ast.walk(_waited(node)))
    ]
    later = [node for node in waits if position(node) > position(call)]
    if not later:
        around = next((a for a in block.ancestors(call) if isinstance(a, ast.Await)), None)
        return around  # `await gather(*[create_task(…) …])`
    return min(later, key=position)


def _waited(node: ast.Await | ast.AsyncFor) -> ast.expr:
    return node.value if isinstance(node, ast.Await) else node.iter


def _holders(block: Block, call: ast.Call) -> set[str]:
    """The names that hold a task: its own, and those of containers that it is put into."""
    names: set[str] = set()
    for ancestor in block.ancestors(call):
        match ancestor:
            case ast.Assign(targets=targets):
                names |= {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.NamedExpr(target=ast.Name(id=name)):
                names.add(name)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append" | "add")):
                names.add(name)
            case ast.AugAssign(target=ast.Name(id=name)):
                names.add(name)
        if isinstance(ancestor, ast.stmt):
            break
    for other in block.nodes:  # put into a list later, looped over, renamed
        match other:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=owner), attr="append" | "add" | "extend"),
                args=[ast.Name(id=name)],
            ) if name in names:
                names.add(owner)
            case ast.Assign(targets=[ast.Name(id=owner)], value=value):
                if any(isinstance(n, ast.Name) and n.id in names for n in ast.walk(value)):
                    names.add(owner)
            case ast.For(target=ast.Name(id=name), iter=ast.Name(id=owner)) if owner in names:
                names.add(name)
    return names


# uses


def _used_by(model: Model, strand: Strand, frame: Frame) -> dict[Value, list[Use]]:
    uses = _Uses()
    for value in strand.values:
        match value:
            case Made(origin=origin) if origin is not None and _is_io(model, value.type, origin):
                uses.add(origin, Use(strand.node, frame, _is_locked(model, frame, strand.node)))
            case Coroutine(start):
                _follow(model, start, uses)
    return uses.by_session


def _is_io(model: Model, dotted: str, receiver: Value) -> bool:
    return _is_shared_kind(model, receiver) and dotted.rpartition(".")[2] in IO_METHODS.get(
        attributes.kind_of(model, receiver) or Kind.APP, frozenset()
    )


def _is_shared_kind(model: Model, value: Value) -> bool:
    """An async session or connection, and none that a registry hands out per task."""
    if attributes.kind_of(model, value) not in (Kind.SESSION, Kind.CONNECTION):
        return False
    if not attributes.is_async(model, value):
        return False
    origin = value.origin if isinstance(value, Made) else None
    return origin is None or attributes.kind_of(model, origin) is not Kind.REGISTRY


def _follow(model: Model, start: Frame, uses: _Uses) -> None:
    """Collect the uses of sessions from outside by an activation and all that it calls."""
    waiting: list[tuple[Frame, bool]] = [(start, False)]
    seen: set[Frame] = {start}
    parameters: set[Site] = set()
    while waiting and len(seen) < _MOST_FRAMES:
        frame, locked = waiting.pop()
        parameters |= {Site.of(p.arg, frame.block) for p in frame.block.parameters.values()}
        for node, session in uses_in(model, frame):
            if not is_own(session, seen) and not _is_unknown_argument(session, parameters):
                uses.add(session, Use(node, frame, locked or _is_locked(model, frame, node)))
        for node, callee in _activations_in(model, frame):
            if callee not in seen:
                seen.add(callee)
                waiting.append((callee, locked or _is_locked(model, frame, node)))


def is_own(session: Value, activations: Set[Frame]) -> bool:
    """Was the session opened by one of these activations, or by what they called?"""
    frame = session.frame if isinstance(session, Made | Instance) else None
    while frame is not None:
        if frame in activations:
            return True
        frame = frame.caller
    return False


def _is_unknown_argument(session: Value, parameters: set[Site]) -> bool:
    """Is the session known only as a parameter of the strand's own functions, not as what was passed for it?"""
    return isinstance(session, Made | Instance) and session.site in parameters


def uses_in(model: Model, frame: Frame) -> Iterator[tuple[ast.AST, Value]]:
    """The statements that a function's own code sends through async sessions and connections."""
    block = frame.block
    for node in block.nodes:
        match node:
            case ast.Call(func=ast.Attribute(value=receiver, attr=attr)):
                if attr in _IO:
                    for value in model.values(receiver, frame):
                        if _is_shared_kind(model, value):
                            kind = attributes.kind_of(model, value)
                            if kind is not None and attr in IO_METHODS[kind]:
                                yield node, value
            case ast.AsyncWith(items=items):
                for item in items:
                    for value in model.values(item.context_expr, frame):
                        if _is_shared_kind(model, value):
                            yield item.context_expr, value


_IO = frozenset().union(*IO_METHODS.values())


def _activations_in(model: Model, frame: Frame) -> Iterator[tuple[ast.AST, Frame]]:
    """The project coroutines, generators and context managers that a function makes or awaits."""
    for node in frame.block.nodes:
        if isinstance(node, ast.Call | ast.Await):
            expression = node.value if isinstance(node, ast.Await) else node
            for value in model.values(expression, frame):
                if isinstance(value, Coroutine | Generator | Manager):
                    yield node, value.frame
                elif isinstance(value, Elements):
                    for inner in value.values:
                        if isinstance(inner, Coroutine):
                            yield node, inner.frame
        elif isinstance(node, ast.AsyncWith):
            for item in node.items:
                for value in model.values(item.context_expr, frame):
                    if isinstance(value, Instance) and not _is_shared_kind(model, value):
                        for name in ("__aenter__", "__aexit__"):
                            for method in attributes.of_instance(model, value, value.cls, name):
                                if isinstance(method, Func):
                                    args = calls.entry(model, method).args
                                    found = model.activation(method, args, frame, node)
                                    if found is not None:
                                        yield node, found


def _is_locked(model: Model, frame: Frame, node: ast.AST) -> bool:
    """Does the node run under `async with lock`, or under a semaphore of one?"""
    for context in enclosing_withs(frame.block, node):
        for value in model.values(context, frame):
            if attributes.kind_of(model, value) is Kind.LOCK:
                return True
            if isinstance(value, Made) and value.type == "asyncio.Semaphore":
                if invocation.argument_values(model, value, "value", 0) == frozenset({Constant(1)}):
                    return True
    return False


def _use_beside(model: Model, frame: Frame, strand: Strand, session: Value) -> ast.expr | None:
    """A use of the session by the function itself, after it started the strand and before it waited for it."""
    if strand.start == strand.end:
        return None
    block = frame.block
    for node, used in uses_in(model, frame):
        if used == session and isinstance(node, ast.expr):
            if strand.start < position(node) < strand.end and not is_within(
                block, node, strand.launch
            ):
                return node
    for node in block.nodes:
        if isinstance(node, ast.Await) and strand.start < position(node) < strand.end:
            for value in model.values(node.value, frame):
                if isinstance(value, Coroutine):
                    uses = _Uses()
                    _follow(model, value.frame, uses)
                    if session in uses.by_session:
                        return node.value
        elif isinstance(node, ast.AsyncWith):
            closes = (node.end_lineno or 0, 1 << 20)
            if strand.start < closes < strand.end and is_within(block, strand.launch, node):
                for item in node.items:
                    entered = (
                        item.optional_vars if item.optional_vars is not None else item.context_expr
                    )
                    if session in model.values(item.context_expr, frame) or (
                        isinstance(entered, ast.Name) and session in model.lookup(entered.id, frame)
                    ):
                        return item.context_expr
    return None


def name_of_session(model: Model, frame: Frame, session: Value, use: Use) -> str:
    """The name by which the function knows the session; else that of the code that uses it."""
    for node in frame.block.nodes:
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            if session in known(model.values(node, frame)):
                return ast.unparse(node)
    for name in frame.block.parameters:
        if session in model.lookup(name, frame):
            return name
    for node, used in uses_in(model, use.frame):
        if used == session and isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            return ast.unparse(node.func.value)
    return "the session"
