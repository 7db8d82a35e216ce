"""Apps and their lives: which functions run when an app starts, while it lives, and when it ends.

An app or router is its allocation site, seen from inside the factory that made it or from outside. What cannot be
followed is said to be unknown, never left out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from . import attributes, calls, invocation
from .apps import (
    app_of,
    call_at,
    class_site,
    constructed_type,
    files,
    given_for,
    is_same,
    site_of,
)
from .events import events, events_of
from .inference import Model
from .knowledge import CONTEXT_MANAGERS, DECORATORS, Kind, Role, web
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
    Site,
    Value,
    Values,
)

_APPS = frozenset(
    name for name, known in web.TYPES.items() if known.kind is Kind.APP and known.is_async
)
_APP_CLASSES = frozenset(name.rpartition(".")[2] for name in _APPS)
_NESTED = 3
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


@dataclass(frozen=True, slots=True)
class Life:
    """The life of one app: what it runs from its start to its end.

    `app` is None for a lifespan that no app in sight is given; `node` in `block` is the app's construction, or the
    `def` of that lifespan. A class used as lifespan has its `__aenter__` in `startups`, its `__aexit__` in `shutdowns`.
    """

    app: Value | None
    node: ast.AST
    block: Block
    lifespans: tuple[Frame, ...]
    startups: tuple[Frame, ...]
    shutdowns: tuple[Frame, ...]
    unknown: bool


# lifespans


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
    frames = tuple(dict.fromkeys(f for value in given for f in _lived(model, value, app)))
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
            frame = _with_app(model, value, app)
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


def _with_app(model: Model, function: Func, app: Value | None) -> Frame:
    """The activation of a function that a framework calls with the app."""
    frame = calls.entry(model, function)
    names = [n for n, p in frame.block.parameters.items() if p.index is not None]
    free = [name for name in names if frame.argument(name) is None]
    if app is None or not free:
        return frame
    return Frame(frame.block, frame.closure, (*frame.args, (free[0], frozenset({app}))))


# lives


def lives(model: Model) -> Iterator[Life]:
    """The lives that the linted file has to do with, in the order of the text.

    Those of the apps that it builds, or gives handlers, and those of the lifespans that it defines for others.
    """
    covered: set[Block] = set()
    seen: list[Value] = []
    for app, node, block in _apps(model):
        if any(is_same(app, other) for other in seen):
            continue
        seen.append(app)
        site = site_of(app)
        made_here = call_at(model, site) if site and site.path == model.linted.path else None
        life = life_of(model, app, *(made_here or (node, block)))
        covered |= {frame.block for frame in (*life.lifespans, *life.startups, *life.shutdowns)}
        yield life
    for block in model.linted.functions():
        if block not in covered and block.parent is not None and is_lifespan(model, block):
            frame = model.frame(block)
            yield Life(None, block.node, block.parent, (frame,), (), (), True)


def life_of(model: Model, app: Value, node: ast.AST, block: Block) -> Life:
    """The life of an app that the linted file shows at `node`."""
    given = lifespans_of(model, app)
    lifespans = list(given.frames)
    startups = [f for v in given.values for f in _special(model, v, "__aenter__")]
    shutdowns = [f for v in given.values for f in _special(model, v, "__aexit__")]
    lists = {Role.STARTUP: startups, Role.SHUTDOWN: shutdowns, Role.LIFESPAN: lifespans}
    for event in events_of(model, app):
        if event.role is not None:
            lists[event.role] += [_with_app(model, f, app) for f in event.handlers]
    parts = [tuple(dict.fromkeys(part)) for part in (lifespans, startups, shutdowns)]
    return Life(app, node, block, parts[0], parts[1], parts[2], given.unknown)


def special_frames(model: Model, lifespans: Lifespans) -> Iterator[Frame]:
    """What a class given as lifespan runs when it is entered and left."""
    for value in lifespans.values:
        yield from _special(model, value, "__aenter__")
        yield from _special(model, value, "__aexit__")


def _special(model: Model, value: Value, name: str) -> Iterator[Frame]:
    if isinstance(value, Cls):
        value = Instance(value, class_site(value))
    if isinstance(value, Instance):
        for method in attributes.of_instance(model, value, value.cls, name):
            if isinstance(method, Func):
                yield calls.entry(model, method)


def _apps(model: Model) -> Iterator[tuple[Value, ast.AST, Block]]:
    """The apps that the linted file makes, gets out of a factory, or registers handlers on."""
    for call, block in model.linted.calls():
        frame = model.frame(block)
        kept = isinstance(block.parents.get(call), ast.Assign | ast.AnnAssign | ast.Return)
        for callee in model.values(call.func, frame):
            if _makes_app(model, callee, 0 if kept else _NESTED):
                for value in model.values(call, frame):
                    if isinstance(value, Made | Instance) and _is_app(model, value):
                        if _is_made_at(value, call, block):
                            yield value, call, block
    for event in events(model):
        for owner in event.owners:
            if _is_app(model, owner):
                yield owner, event.node, event.block


def _makes_app(model: Model, callee: Value, depth: int) -> bool:
    """Is the callee the class of an app, or a factory that calls one, as far as names tell?"""
    if not isinstance(callee, Func):
        return constructed_type(model, callee) in _APPS
    if depth >= _NESTED:
        return False
    frame = model.frame(callee.block)
    return any(
        _makes_app(model, inner, depth + 1)
        for call in callee.block.calls
        if isinstance(call.func, ast.Name) or not _APP_CLASSES.isdisjoint(callee.block.words)
        for inner in model.values(call.func, frame)
    )


def _is_made_at(value: Made | Instance, call: ast.Call, block: Block) -> bool:
    site = Site.of(call, block)
    return value.site == site or site in value.context


def _is_app(model: Model, value: Value) -> bool:
    return attributes.type_name(model, value) in _APPS


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
    values = invocation.parameter(model, parameter, model.frame(block))
    if any(_is_app(model, value) for value in values):
        return True
    return (
        parameter.arg.annotation is None
        and parameter.arg.arg in _APP_NAMES
        and (bool(names & CONTEXT_MANAGERS) or not names)
    )
