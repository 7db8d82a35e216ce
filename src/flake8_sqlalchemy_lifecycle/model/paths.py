"""Paths through the call graph: from a function that a framework runs to a place in the code, step by step."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import attributes, calls, injection, invocation
from .calls import Interesting, Root, Step
from .flow import is_kept_by, is_tested_and_kept
from .inference import known
from .knowledge import CACHES, DECORATORS, DISPATCHED, Kind, Role
from .scopes import Block, Module
from .values import (
    Cls,
    Coroutine,
    Frame,
    Func,
    Generator,
    Instance,
    Library,
    Made,
    Manager,
    Value,
    in_order,
)

if TYPE_CHECKING:
    from .inference import Model


LONGEST = 6


@dataclass(frozen=True, slots=True)
class Path:
    """A way from the activation `start` over `steps` to the activation in which a place runs."""

    start: Frame
    steps: tuple[Step, ...]

    @property
    def end(self) -> Frame:
        """The activation in which the path ends."""
        return self.steps[-1].callee if self.steps else self.start

    @property
    def names(self) -> str:
        """The functions on the way, for a message: `read_user → get_repo → build_engine`."""
        return " → ".join(caller_name(f.block) for f in self.frames)

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The activations on the way, the first and the last included."""
        return (self.start, *(step.callee for step in self.steps))


def caller_name(block: Block) -> str:
    """The name that a caller writes: the class for `__init__`."""
    owner = block.method_of
    special = block.name.startswith("__") and block.name.endswith("__")
    return owner.name if owner is not None and special else block.name


def walk(
    model: Model, start: Frame, leads: Callable[[int], Interesting], longest: int = LONGEST
) -> Iterator[Path]:
    """All activations that `start` leads to, each by a shortest path, itself first.

    `leads` tells for a number of calls what may get to the places in so many. What is cached ends a path: it does not
    run each time. No path has more than `longest` steps.
    """
    seen = {start}
    waiting = [Path(start, ())]
    while waiting:
        path = waiting.pop(0)
        yield path
        left = longest - len(path.steps)
        for step in calls.steps(model, path.end, leads(left)) if left > 0 else ():
            if step.callee not in seen and not is_set_up_once(model, step):
                seen.add(step.callee)
                waiting.append(Path(start, (*path.steps, step)))


def is_cached(model: Model, step: Step) -> bool:
    """Does the step run only the first time: behind a cache, a tested slot, or in a singleton's constructor?"""
    function = Func(step.callee.block, step.callee.closure or step.callee)
    if not invocation.decorators(model, function).isdisjoint(CACHES):
        return True
    owner = step.callee.block.method_of
    if owner is not None and step.callee.block.name in ("__init__", "__post_init__"):
        node = owner.node
        assert isinstance(node, ast.ClassDef)
        if "__new__" in owner.bindings or (node.decorator_list and not _is_plain(model, owner)):
            return True
        if any(keyword.arg == "metaclass" for keyword in node.keywords):
            return True
    return is_tested_and_kept(step.caller.block, step.node)


def is_set_up_once(model: Model, step: Step) -> bool:
    """Is the step cached, or a set-up that it tests for: `if engine is None: connect()`, which keeps the engine?"""
    return is_cached(model, step) or is_kept_by(step.caller.block, step.node, step.callee.block)


def _is_plain(model: Model, owner: Block) -> bool:
    """A class whose decorators are all of a library (`dataclass`), none a project's singleton."""
    node = owner.node
    assert isinstance(node, ast.ClassDef)
    assert owner.parent is not None
    frame = model.frame(owner.parent)
    return all(
        isinstance(value, Library)
        for decorator in node.decorator_list
        for value in known(
            model.values(decorator.func if isinstance(decorator, ast.Call) else decorator, frame)
        )
    )


# functions that run once per request, as their own file shows


def request_roots(model: Model, interesting: Interesting) -> Iterator[Root]:
    """The functions of, or named in, the linted file that run once per request and spell a wanted name."""
    for root in calls.roots(model, interesting):
        if root.role is Role.REQUEST:
            yield root
    for block in model.linted.functions():
        if not interesting(block.words) or block.parent is None:
            continue
        if has_dependencies(model, block):
            yield Root(Role.REQUEST, as_function(model, block), block.node, block.parent)


def as_function(model: Model, block: Block) -> Func:
    """A function of a module as a value; a method has any instance of its class."""
    assert block.parent is not None
    closure = model.frame(block.parent)
    owner = block.method_of
    if owner is None or not block.parameters:
        return Func(block, closure)
    found = model.lookup(next(iter(block.parameters)), model.frame(block))
    receiver = next((v for v in in_order(found) if isinstance(v, Instance | Cls)), None)
    return Func(block, closure, receiver)


def has_dependencies(model: Model, block: Block) -> bool:
    """Does a parameter say `Depends(…)`? Then a framework calls the function."""
    if block.parent is None:
        return False
    closure = model.frame(block.parent)
    for parameter in block.parameters.values():
        for expression in (parameter.default, parameter.arg.annotation):
            for node in ast.walk(expression) if expression is not None else ():
                if isinstance(node, ast.Call):
                    for value in model.values(node, closure):
                        if isinstance(value, Made) and value.type in injection.DEPENDENCIES:
                            return True
    return False


def runs_per_request(model: Model, block: Block) -> bool:
    """Does the function's own file show that it runs once per request, or that it provides sessions?"""
    if has_dependencies(model, block) or provides_session(model, block):
        return True
    if is_given_to_requests(model, block, block.module):
        return True
    function = as_function(model, block)
    names = invocation.decorators(model, function)
    if any(DECORATORS.get(name) is Role.REQUEST for name in names):
        return True
    owner = block.method_of
    if owner is None or owner.parent is None:
        return False
    cls = Cls(owner, model.frame(owner.parent))
    return any(
        isinstance(base, Library)
        and base.name in DISPATCHED
        and block.name in DISPATCHED[base.name][1]
        for base in attributes.mro(model, cls)
    )


def is_operation(model: Model, block: Block) -> bool:
    """Is it a command of a bot or a task of a queue, by its decorators?"""
    names = invocation.decorators(model, as_function(model, block))
    return any(DECORATORS.get(name) is Role.OPERATION for name in names)


def is_given_to_requests(model: Model, block: Block, module: Module) -> bool:
    """Does a file name the function in a `Depends(…)`, in an alias say?"""
    if not module.may_say("Depends("):
        return False
    names = {block.name, block.method_of.name if block.method_of is not None else block.name}
    other = model if module is model.linted else type(model)(module)
    return any(
        root.role is Role.REQUEST and root.function.block is block
        for root in calls.roots(other, lambda words: not names.isdisjoint(words))
    )


def provides_session(model: Model, block: Block) -> bool:
    """Does the function yield or return a session or connection that it opened?"""
    if block.name.startswith("__") or not (block.yields or block.returns):
        return False
    function = as_function(model, block)
    frame = calls.entry(model, function)
    handed: set[Value] = set()
    for value in invocation.run(model, function, frame.args, None, None):
        match value:
            case Coroutine(inner):
                handed |= invocation.returned(model, inner)
            case Generator(inner) | Manager(inner):
                handed |= invocation.yielded(model, inner)
            case _:
                handed.add(value)
    return any(
        isinstance(value, Made | Instance)
        and _is_made_within(value, frame)
        and attributes.kind_of(model, value) in (Kind.SESSION, Kind.CONNECTION)
        for value in handed
    )


def _is_made_within(value: Made | Instance, frame: Frame) -> bool:
    """Is the session made by the activation, or by a registry that is?"""
    if isinstance(value, Made) and value.frame is None and isinstance(value.origin, Made):
        value = value.origin
    return value.frame is not None and value.frame.within(frame)
