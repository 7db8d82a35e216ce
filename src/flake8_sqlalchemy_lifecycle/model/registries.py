"""Registries of sessions: what their scope is, and where a file uses them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import attributes, passing
from .flow import position
from .inference import known
from .knowledge import Kind
from .scopes import Block
from .spelling import spelled
from .trails import EVERY_NAME, Trails
from .values import Constant, Frame, Func, Library, Made, Partial, Value, in_order

if TYPE_CHECKING:
    from .inference import Model

WORDS = ("scoped_session", "async_scoped_session")
_SCOPED = "sqlalchemy.scoped_session"
_SHARED_SCOPES = frozenset(
    {
        "asyncio.get_event_loop",
        "asyncio.get_running_loop",
        "os.getpid",
        "threading.current_thread",
        "threading.get_ident",
        "threading.get_native_id",
    }
)
"""What gives all tasks of a loop the same answer."""
_WRAPS = frozenset({"builtins.hash", "builtins.id", "builtins.str"})
_ARE_BOUND = frozenset({"django", "flask"})
"""Frameworks whose async views have a loop, and so a task, of their own."""


@dataclass(frozen=True, slots=True)
class Use:
    """The place where a function uses a registry, by itself or by a helper that hands out its session."""

    node: ast.expr
    block: Block
    registry: Made


def names_of_registries(model: Model) -> frozenset[str]:
    """The names by which the linted file gets to a registry."""
    trails = model.project.trails.get(WORDS)
    if trails is None:
        trails = Trails(model.project, WORDS, results=True, most=EVERY_NAME)
        model.project.trails[WORDS] = trails
    return trails.names(model.linted.path)


def is_thread_local(model: Model, value: Value) -> bool:
    """Is it a `scoped_session` of which each thread, and so a whole event loop, has one session?"""
    if not isinstance(value, Made) or value.type != _SCOPED or value.call is None:
        return False
    if any(isinstance(argument, ast.Starred) for argument in value.call.args):
        return False
    scopes = passing.argument_values(model, value, "scopefunc", 1)
    if scopes is None or scopes == frozenset({Constant(None)}):
        return True
    return bool(scopes) and all(shared_scope(model, scope) for scope in scopes)


def shared_scope(model: Model, scope: Value, depth: int = 4) -> str:
    """What a `scopefunc` asks, where that is one for all tasks of a loop; empty where it is not, or not known."""
    match scope:
        case Library(name) if name in _SHARED_SCOPES:
            return name
        case Partial(function):
            return shared_scope(model, function, depth)
        case Func(block, closure) if depth and not block.is_async and not block.yields:
            frame = Frame(block, closure)
            answers = [
                _shared_answer(model, value, depth)
                for returned in block.returns
                for value in model.values(returned, frame)
            ]
            return answers[0] if answers and all(answers) else ""
    return ""


def _shared_answer(model: Model, value: Value, depth: int) -> str:
    match value:
        case Constant(value=constant) if constant is not None:
            return repr(constant)
        case Made(type="asyncio.AbstractEventLoop"):
            return "the event loop"
        case Made(type=name) if name in _SHARED_SCOPES:
            return name
        case Made(type=name, call=ast.Call(args=[given]), frame=Frame() as frame) if name in _WRAPS:
            found = [_shared_answer(model, v, depth - 1) for v in model.values(given, frame)]
            return found[0] if depth and found and all(found) else ""
    return ""


def registry_of(model: Model, value: Value) -> Made | None:
    """The registry that a value is, or of which it is the session."""
    if isinstance(value, Made):
        kind = attributes.kind_of(model, value)
        if kind is Kind.REGISTRY:
            return value
        if kind is Kind.SESSION and isinstance(value.origin, Made):
            return registry_of(model, value.origin)
    return None


def uses_in(model: Model, frame: Frame, names: frozenset[str]) -> Iterator[Use]:
    """The calls of a function's own code on registries, and those that give it the session of one, in order.

    What comes in by a parameter is somebody else's.
    """
    block = frame.block
    if names.isdisjoint(block.words):
        return
    for call in sorted(block.calls, key=position):
        if names.isdisjoint(spelled(call.func)) or _is_parameter(block, call.func):
            continue
        for registry in _used_by(model, call, frame):
            yield Use(call, block, registry)


def _used_by(model: Model, call: ast.Call, frame: Frame) -> Iterator[Made]:
    owner = call.func.value if isinstance(call.func, ast.Attribute) else call.func
    for asked in dict.fromkeys((owner, call)):
        values = in_order(known(model.values(asked, frame)))
        registries = [registry_of(model, value) for value in values]
        if registries and all(registries):
            direct = asked is owner or not isinstance(call.func, ast.Attribute)
            if direct or any(isinstance(v, Made) and v.origin in registries for v in values):
                yield from (registry for registry in registries if registry is not None)
                return


def _is_parameter(block: Block, expression: ast.expr) -> bool:
    """Does the expression start at a parameter that is not the method's own object?"""
    while isinstance(expression, ast.Attribute | ast.Call):
        expression = expression.func if isinstance(expression, ast.Call) else expression.value
    if not isinstance(expression, ast.Name) or expression.id not in block.parameters:
        return False
    return block.method_of is None or expression.id != next(iter(block.parameters))


def has_own_loops(model: Model) -> bool:
    """Does the linted file import a framework that gives each async view a loop of its own?"""
    if not model.linted.may_say(*_ARE_BOUND):
        return False
    for node in ast.walk(model.linted.tree):
        match node:
            case ast.Import(names=names):
                if any(alias.name.partition(".")[0] in _ARE_BOUND for alias in names):
                    return True
            case ast.ImportFrom(module=str(name), level=0):
                if name.partition(".")[0] in _ARE_BOUND:
                    return True
    return False
