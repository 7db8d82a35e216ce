"""Lifespans: what an app is given to run around its life, and which functions look like one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from . import attributes, calls, invocation, passing
from .apps import (
    app_of,
    call_at,
    class_site,
    files,
    given_for,
    is_app,
    is_same,
)
from .inference import Model
from .knowledge import CONTEXT_MANAGERS, DECORATORS, Role
from .scopes import Block
from .values import (
    UNKNOWN,
    Bound,
    Cls,
    Constant,
    Elements,
    Frame,
    Func,
    Generator,
    Instance,
    Items,
    Made,
    Manager,
    Partial,
    Value,
    Values,
    in_order,
)

_APP_NAMES = {"app", "_app", "application", "_application", "_", "__", "fastapi_app"}


@dataclass(frozen=True, slots=True)
class Lifespans:
    """What runs as the lifespan of an app: activations of the functions, and whether there may be one unknown.

    `values` is all that the app may have been given, None included where it may have none.
    """

    values: Values
    frames: tuple[Frame, ...]
    unknown: bool

    @property
    def certain(self) -> bool:
        """Does the app have a lifespan, on every way?"""
        return bool(self.values) and not self.unknown and Constant(None) not in self.values


def lifespans_of(model: Model, app: Value) -> Lifespans:
    """The lifespans that a proven app or router is given: by its constructor, or on its router."""
    values = _constructed_with(model, app, "lifespan")
    given, unknown = values - UNKNOWN, bool(values & UNKNOWN)
    for assignment in assignments(model, app):
        if assignment.always:
            given, unknown = assignment.values - UNKNOWN, bool(assignment.values & UNKNOWN)
        else:
            given |= assignment.values - UNKNOWN
            unknown = unknown or bool(assignment.values & UNKNOWN)
    frames = tuple(dict.fromkeys(f for value in in_order(given) for f in _lived(model, value, app)))
    return Lifespans(given, frames, unknown)


def _constructed_with(model: Model, app: Value, keyword: str) -> Values:
    """What the constructor of an app gets for a keyword; the constant None where it gets nothing."""
    if isinstance(app, Made):
        if app.call is None or app.frame is None:
            return UNKNOWN
        return given_for(model, app.call, app.frame, keyword)
    if not isinstance(app, Instance):
        return UNKNOWN
    found: set[Value] = set()
    for base in attributes.mro(model, app.cls):
        if not isinstance(base, Cls):
            continue
        for binding in base.block.bindings.get("__init__", ()):
            block = base.block.inner.get(binding.node)
            if block is None:
                return UNKNOWN
            known = tuple((k, v) for k, v in app.args if k in block.parameters)
            args = ((next(iter(block.parameters), ""), frozenset[Value]({app})), *known)
            frame = Frame(block, Frame(base.block, base.closure), args, app.frame)
            for call in block.calls:
                for callee in model.values(call.func, frame):
                    if isinstance(callee, Bound) and callee.name == "__init__":
                        found |= given_for(model, call, frame, keyword)
            return frozenset(found) or frozenset({Constant(None)})
    construction = call_at(model, app.site)
    if construction is None or app.frame is None:
        return UNKNOWN
    return given_for(model, construction[0], app.frame, keyword)


@dataclass(frozen=True, slots=True)
class Assignment:
    """`app.router.lifespan_context = value`: the statement, and whether it runs wherever its block does."""

    values: Values
    node: ast.Assign
    block: Block
    always: bool


def assignments(model: Model, app: Value) -> Iterator[Assignment]:
    """Where the files at hand replace the lifespan of an app or router, in the order of the text."""
    for module in files(model, "lifespan_context"):
        for block in module.blocks():
            for node in block.nodes:
                match node:
                    case ast.Assign(targets=[ast.Attribute(attr="lifespan_context") as target]):
                        for frame in calls.activations_of(model, block):
                            owners = model.values(target.value, frame)
                            if any(is_same(app_of(model, owner), app) for owner in owners):
                                values = model.values(node.value, frame)
                                yield Assignment(values, node, block, always_runs(block, node))
                                break


def always_runs(block: Block, node: ast.AST) -> bool:
    """Does a statement run whenever its block does, as far as branches and loops go?"""
    return not any(
        isinstance(
            outer,
            ast.If | ast.For | ast.AsyncFor | ast.While | ast.Match | ast.ExceptHandler | ast.IfExp,
        )
        for outer in block.ancestors(node)
    )


def _lived(model: Model, value: Value, app: Value) -> Iterator[Frame]:
    """The activations of project functions that a value given as lifespan runs."""
    match value:
        case Func():
            frame = with_app(model, value, app)
            if value.block.yields:
                yield frame
            else:  # a function that makes the lifespan: `lambda app: lifespan(app, settings)`
                made = [v for v in model.union(_outcome(model, frame)) if _lives(v)]
                if not made:
                    yield frame
                for inner in made:
                    yield from _lived(model, inner, app)
        case Manager(frame) | Generator(frame):
            yield frame
        case Partial(function, positional, keywords):
            for frame in _lived(model, function, app):
                names = [n for n, p in frame.block.parameters.items() if p.index is not None]
                given = dict(zip(names, positional, strict=False)) | dict(keywords)
                args = {**dict(frame.args), **given}
                rest = [n for n in names if n not in given]
                if positional and rest:
                    args[rest[0]] = frozenset({app})
                yield Frame(frame.block, frame.closure, tuple(args.items()), frame.caller)
        case Instance(cls):
            for method in attributes.of_instance(model, value, cls, "__call__"):
                if isinstance(method, Func):
                    yield from _lived(model, method, app)
        case Items() | Elements():
            for inner in model.iterated(frozenset({value})):
                yield from _lived(model, inner, app)


def _lives(value: Value) -> bool:
    return isinstance(value, Manager | Generator | Func | Partial)


def _outcome(model: Model, frame: Frame) -> Iterator[Values]:
    for expression in frame.block.returns:
        yield model.values(expression, frame)


def with_app(model: Model, function: Func, app: Value | None) -> Frame:
    """The activation of a function that a framework calls with the app."""
    frame = calls.entry(model, function)
    names = [n for n, p in frame.block.parameters.items() if p.index is not None]
    free = [name for name in names if frame.argument(name) is None]
    if app is None or not free:
        return frame
    return Frame(frame.block, frame.closure, (*frame.args, (free[0], frozenset({app}))))


def special_frames(model: Model, lifespans: Lifespans) -> Iterator[Frame]:
    """What a class given as lifespan runs when it is entered and left."""
    for value in lifespans.values:
        yield from entered_frames(model, value, "__aenter__")
        yield from entered_frames(model, value, "__aexit__")


def entered_frames(model: Model, value: Value, name: str) -> Iterator[Frame]:
    """What a class or instance given as lifespan runs as `__aenter__`, or `__aexit__`."""
    if isinstance(value, Cls):
        value = Instance(value, class_site(value))
    if isinstance(value, Instance):
        for method in attributes.of_instance(model, value, value.cls, name):
            if isinstance(method, Func):
                yield calls.entry(model, method)


def is_lifespan(model: Model, block: Block) -> bool:
    """Is a function a lifespan by its shape: a generator, decorated so, whose one parameter is an app?"""
    if not block.is_async or not block.yields or block.parent is None:
        return False
    function = Func(block, model.frame(block.parent))
    names = invocation.decorators(model, function)
    if any(DECORATORS.get(name) is Role.LIFESPAN for name in names):
        return True
    yielded = invocation.yielded(model, model.frame(block))
    if not yielded - UNKNOWN or any(attributes.kind_of(model, value) for value in yielded):
        return False  # no state: it opens a session, say, of the app's maker
    parameters = list(block.parameters.values())
    if block.method_of is not None and "builtins.staticmethod" not in names:
        parameters = parameters[1:]
    if len(parameters) != 1 or parameters[0].star:
        return False
    parameter = parameters[0]
    values = passing.parameter(model, parameter, model.frame(block))
    if any(is_app(model, value) for value in values):
        return True
    return (
        not values - UNKNOWN
        and parameter.arg.arg in _APP_NAMES
        and (bool(names & CONTEXT_MANAGERS) or not names)
    )
