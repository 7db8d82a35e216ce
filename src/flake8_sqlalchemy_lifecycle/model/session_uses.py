"""Which sessions a strand of code uses, in its own functions and in all that they call."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import attributes, calls, passing
from .flow import enclosing_tries, enclosing_withs
from .inference import known
from .knowledge import IO_METHODS, Kind
from .knowledge.concurrency import LIMITS
from .strands import Strand, results_of_map
from .values import (
    Constant,
    Coroutine,
    Elements,
    Frame,
    Func,
    Generator,
    Instance,
    Made,
    Manager,
    Site,
    Value,
)

if TYPE_CHECKING:
    from .inference import Model
    from .scopes import Block

_MOST_FRAMES = 80
_IO = frozenset().union(*IO_METHODS.values())
_RESOURCES = (Kind.SESSION, Kind.CONNECTION)


@dataclass(frozen=True, slots=True)
class Use:
    """A statement that a session sends: the node, the activation, and whether a lock is held meanwhile."""

    node: ast.AST
    frame: Frame
    locked: bool


Uses = dict[Value, list[Use]]


class SessionUses:
    """Finds uses of sessions and connections: of those of asyncio, of the others, or (None) of both."""

    def __init__(self, model: Model, asynchronous: bool | None) -> None:
        self.model = model
        self.asynchronous = asynchronous

    def by(self, strand: Strand, frame: Frame) -> Uses:
        """The uses of sessions from outside by a strand that runs beside the activation `frame`."""
        model = self.model
        uses: Uses = {}
        for value in strand.values:
            match value:
                case Made(origin=origin) if origin is not None and self._is_io(value.type, origin):
                    locked = is_locked(model, frame, strand.node)
                    uses.setdefault(origin, []).append(Use(strand.node, frame, locked))
                case Coroutine(start):
                    self._follow(start, uses)
        for start in strand.frames:
            self._follow(start, uses)
        return uses

    def of(self, start: Frame) -> Uses:
        """The uses of sessions from outside by an activation and all that it calls."""
        uses: Uses = {}
        self._follow(start, uses)
        return uses

    def inside(self, frame: Frame) -> Iterator[tuple[ast.AST, Value]]:
        """The statements that a function's own code sends through sessions and connections."""
        model = self.model
        for node in frame.block.nodes_of(ast.Call, ast.AsyncWith, ast.With):
            match node:
                case ast.Call(func=ast.Attribute(value=receiver, attr=attr)):
                    if attr in _IO:
                        for value in model.values(receiver, frame):
                            kind = attributes.kind_of(model, value)
                            if self.concerns(value) and kind and attr in IO_METHODS[kind]:
                                yield node, value
                case ast.AsyncWith(items=items) | ast.With(items=items):
                    for item in items:
                        for value in model.values(item.context_expr, frame):
                            if self.concerns(value):
                                yield item.context_expr, value

    def concerns(self, value: Value) -> bool:
        """Is it a session or connection of the kind looked for, and none that a registry hands out?

        Of one that a function only promises to return nobody knows whether it is the same at each call.
        """
        if attributes.kind_of(self.model, value) not in _RESOURCES:
            return False
        if self.asynchronous not in (None, attributes.is_async(self.model, value)):
            return False
        if isinstance(value, Instance):
            return not _is_promise(self.model, value)
        if not isinstance(value, Made):
            return True
        if value.declared and _is_promise(self.model, value):
            return False
        return (
            value.origin is None
            or attributes.kind_of(self.model, value.origin) is not Kind.REGISTRY
        )

    def _is_io(self, dotted: str, receiver: Value) -> bool:
        kind = attributes.kind_of(self.model, receiver) or Kind.APP
        method = dotted.rpartition(".")[2]
        return self.concerns(receiver) and method in IO_METHODS.get(kind, frozenset())

    def _follow(self, start: Frame, uses: Uses) -> None:
        model = self.model
        waiting = deque([(start, False)])  # the nearest first: there may be too many
        seen: set[Frame] = {start}
        parameters: set[Site] = set()
        while waiting and len(seen) < _MOST_FRAMES:
            frame, locked = waiting.popleft()
            parameters |= {Site.of(p.arg, frame.block) for p in frame.block.parameters.values()}
            activations = list(self._activations_in(frame))
            openers = seen | {callee for _, callee in activations}
            for node, session in self.inside(frame):
                owners = seen if _is_on_argument(node, frame.block) else openers
                if not is_own(session, owners) and not _is_unknown_argument(session, parameters):
                    use = Use(node, frame, locked or is_locked(model, frame, node))
                    uses.setdefault(session, []).append(use)
            for node, callee in activations:
                if callee not in seen:
                    seen.add(callee)
                    waiting.append((callee, locked or is_locked(model, frame, node)))

    def _activations_in(self, frame: Frame) -> Iterator[tuple[ast.AST, Frame]]:
        """The project functions that a function runs; of those that are not awaited only for sync sessions."""
        yield from _awaited_in(self.model, frame)
        if not self.asynchronous:
            for step in calls.steps(self.model, frame, _any_name):
                yield step.node, step.callee


def _any_name(_: Set[str]) -> bool:
    return True


def is_own(session: Value, activations: Set[Frame]) -> bool:
    """Was the session opened by one of these activations, or by what they called?

    Equal activations stand for each other, so that the caller which a session remembers may be another's: where the
    session was made, and through which calls it came, counts too.
    """
    if not isinstance(session, Made | Instance):
        return False
    if isinstance(session, Made) and session.declared and isinstance(session.origin, Instance):
        return is_own(session.origin, activations)  # known only as what that object was given
    frame = session.frame
    while frame is not None:
        if frame in activations:
            return True
        frame = frame.caller
    return any(
        _is_in(site, activation.block)
        for site in (session.site, *session.context)
        for activation in activations
    )


def _is_promise(model: Model, session: Made | Instance) -> bool:
    """Is it known by the return annotation of a function alone?"""
    site = session.site
    module = model.project.module(site.path)
    return module is not None and any(
        Site.of(block.node, block) == site for block in module.functions()
    )


def _is_in(site: Site, block: Block) -> bool:
    node = block.node
    if site.path != block.module.path or isinstance(node, ast.Module):
        return False
    end = (node.end_lineno or 0, node.end_col_offset or 0)
    return (node.lineno, node.col_offset) <= (site.line, site.column) < end


def _is_on_argument(node: ast.AST, block: Block) -> bool:
    """Is the use one of what the function was given?"""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name))) | ast.Name(id=name):
            return name in block.parameters
    return False


def _is_unknown_argument(session: Value, parameters: set[Site]) -> bool:
    """Is the session known only as a parameter of the strand's own functions, not as what was passed for it?"""
    return isinstance(session, Made | Instance) and session.site in parameters


def _awaited_in(model: Model, frame: Frame) -> Iterator[tuple[ast.AST, Frame]]:
    """The project coroutines, generators and context managers that a function makes or awaits."""
    for node in frame.block.nodes_of(ast.Call, ast.Await, ast.AsyncWith):
        if isinstance(node, ast.Call | ast.Await):
            expression = node.value if isinstance(node, ast.Await) else node
            for value in model.values(expression, frame):
                if isinstance(value, Coroutine | Generator | Manager):
                    yield node, value.frame
                elif isinstance(value, Elements):
                    for inner in value.values:
                        if isinstance(inner, Coroutine):
                            yield node, inner.frame
                if isinstance(node, ast.Call):
                    for made in results_of_map(model, node, frame):
                        if isinstance(made, Coroutine):
                            yield node, made.frame
        elif isinstance(node, ast.AsyncWith):
            for item in node.items:
                for value in model.values(item.context_expr, frame):
                    if (
                        isinstance(value, Instance)
                        and attributes.kind_of(model, value) not in _RESOURCES
                    ):
                        for name in ("__aenter__", "__aexit__"):
                            for method in attributes.of_instance(model, value, value.cls, name):
                                if isinstance(method, Func):
                                    args = calls.entry(model, method).args
                                    found = model.activation(method, args, frame, node)
                                    if found is not None:
                                        yield node, found


def is_locked(model: Model, frame: Frame, node: ast.AST) -> bool:
    """Does the node run under `async with lock`, in a `try` that releases one, or under a semaphore of one?"""
    contexts = [*enclosing_withs(frame.block, node), *_released_after(frame.block, node)]
    return any(_is_lock(model, v) for context in contexts for v in model.values(context, frame))


def _released_after(block: Block, node: ast.AST) -> Iterator[ast.expr]:
    """What the `finally` around the node releases."""
    for around in enclosing_tries(block, node):
        for statement in around.finalbody:
            match statement:
                case ast.Expr(value=ast.Call(func=ast.Attribute(attr="release", value=owner))):
                    yield owner


def _is_lock(model: Model, value: Value) -> bool:
    if attributes.kind_of(model, value) is Kind.LOCK:
        return True
    if not isinstance(value, Made) or value.type not in LIMITS:
        return False
    return passing.argument_values(model, value, LIMITS[value.type], 0) == frozenset({Constant(1)})


def name_of_session(model: Model, frame: Frame, session: Value, use: Use) -> str:
    """The name by which the function knows the session; else that of the code that uses it."""
    for node in frame.block.nodes_of(ast.Name, ast.Attribute):
        if isinstance(node.ctx, ast.Load):
            if session in known(model.values(node, frame)):
                return ast.unparse(node)
    for name in frame.block.parameters:
        if session in model.lookup(name, frame):
            return name
    match use.node:
        case ast.Call(func=ast.Attribute(value=receiver)):
            return ast.unparse(receiver)
    return "the session"
