"""Apps and their lives: which functions run when an app starts, while it lives, and when it ends.

An app or router is its allocation site, seen from inside the factory that made it or from outside. What cannot be
followed is said to be unknown, never left out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from . import attributes, calls, invocation
from .inference import Model
from .knowledge import CONTEXT_MANAGERS, DECORATORS, EVENTS, TAKES, TYPES, Kind, Role, ancestry
from .scopes import Block, Module
from .values import (
    NOTHING,
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
    Library,
    Made,
    Manager,
    Mapping,
    Partial,
    Site,
    Value,
    Values,
)

_LIFE = {Role.STARTUP: "startup", Role.SHUTDOWN: "shutdown", Role.LIFESPAN: "lifespan"}
_STARLETTE = frozenset({"starlette.Starlette", "starlette.Router"})
_KEYWORDS = {
    takes.keyword: takes.role
    for name, row in TAKES.items()
    if name in TYPES and TYPES[name].kind in (Kind.APP, Kind.ROUTER)
    for takes in row
    if takes.role in _LIFE and takes.role is not Role.LIFESPAN
}
_METHODS = frozenset(
    name.rpartition(".")[2]
    for table in (DECORATORS, EVENTS)
    for name, role in table.items()
    if isinstance(role, dict) or role in _LIFE
) | {"on_event", "add_event_handler", "register_listener"}
_LISTS = frozenset({"on_startup", "on_shutdown", "on_cleanup", "cleanup_ctx"})
EVENT_WORDS = tuple(sorted({*_KEYWORDS, *_METHODS, *_LISTS}))
"""A file that registers an event handler holds one of these words."""

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
class Event:
    """A registration of event handlers: by a method, a decorator, or a keyword of a constructor.

    `node` is the call, the decorator or the keyword; `owners` are the apps and routers that it can be on. The role is
    None where the name of the event is not known.
    """

    role: Role | None
    name: str
    node: ast.expr | ast.keyword
    block: Block
    owners: Values
    handlers: tuple[Func, ...]


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


# apps


def app_of(model: Model, value: Value) -> Value:
    """The app that `app.router` or a list of its handlers belongs to; else the value itself."""
    if isinstance(value, Made) and value.origin is not None and value.site == _site(value.origin):
        if attributes.kind_of(model, value.origin) in (Kind.APP, Kind.ROUTER):
            return value.origin
    return value


def is_starlette(model: Model, value: Value) -> bool:
    """Is the value an app or router of Starlette, or of FastAPI, which builds on it?"""
    name = attributes.type_name(model, value)
    return name is not None and not _STARLETTE.isdisjoint(ancestry(name))


def is_same(one: Value, other: Value) -> bool:
    """Are these the same app, or the same as seen from inside and outside of the factory that makes it?"""
    if isinstance(one, Instance) and isinstance(other, Instance):
        anywhere = {_class_site(one.cls), _class_site(other.cls)}
        return one.cls == other.cls and (
            (one.site == other.site and _is_outside(one, other))
            or not anywhere.isdisjoint({one.site, other.site})
        )
    if isinstance(one, Made) and isinstance(other, Made):
        return one.site == other.site and one.type == other.type and _is_outside(one, other)
    return False


def _is_outside(one: Made | Instance, other: Made | Instance) -> bool:
    length = min(len(one.context), len(other.context))
    return one.context[:length] == other.context[:length]


def _site(value: Value) -> Site | None:
    return value.site if isinstance(value, Made | Instance) else None


def _class_site(cls: Cls) -> Site:
    return Site.of(cls.block.node, cls.block)


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
        return _keyword(model, app.call, app.frame, keyword)
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
                        found |= _keyword(model, call, frame, keyword)
            return frozenset(found) or frozenset({Constant(None)})
    construction = _call_at(model, app.site)
    if construction is None or app.frame is None:
        return UNKNOWN
    return _keyword(model, construction[0], app.frame, keyword)


def _keyword(model: Model, call: ast.Call, frame: Frame, keyword: str) -> Values:
    given = invocation.argument(model, call, frame, keyword)
    if given is not None:
        return model.values(given, frame)
    found = NOTHING
    for spread in call.keywords:
        if spread.arg is None:
            found |= _from_mapping(model, spread.value, frame, keyword)
    return found or frozenset({Constant(None)})


def _from_mapping(model: Model, node: ast.expr, frame: Frame, keyword: str) -> Values:
    found = NOTHING
    for value in model.values(node, frame):
        if isinstance(value, Mapping):
            found |= value.get(keyword) or frozenset({Constant(None)})
        else:
            found |= UNKNOWN
    return found


def _call_at(model: Model, site: Site) -> tuple[ast.Call, Block] | None:
    module = model.project.module(site.path)
    for call, block in module.calls() if module else ():
        if (call.lineno, call.col_offset) == (site.line, site.column):
            return call, block
    return None


@dataclass(frozen=True, slots=True)
class Assignment:
    """`app.router.lifespan_context = value`: the statement, and whether it runs wherever its block does."""

    values: Values
    node: ast.Assign
    block: Block
    always: bool


def assignments(model: Model, app: Value) -> Iterator[Assignment]:
    """Where the files at hand replace the lifespan of an app or router, in the order of the text."""
    for module in _files(model, "lifespan_context"):
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


def _files(model: Model, *words: str) -> Iterator[Module]:
    """The files that the linted one reaches whose text holds one of the words."""
    for path in model.project.closure(model.linted.path):
        source = model.project.source(path)
        if source is not None and any(word in source.text for word in words):
            module = model.project.module(path)
            if module is not None:
                yield module


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


# events


def events(model: Model) -> Iterator[Event]:
    """The event handlers that the linted file registers, in the order of the text."""
    if model.linted.may_say(*EVENT_WORDS):
        yield from _events_in(model, model.linted)


def events_of(model: Model, app: Value) -> Iterator[Event]:
    """The event handlers that the files at hand register on an app (or on its own router)."""
    for module in _files(model, *EVENT_WORDS):
        for event in _events_in(model, module):
            if any(is_same(owner, app) for owner in event.owners):
                yield event


def _events_in(model: Model, module: Module) -> Iterator[Event]:
    for block in module.blocks():
        for node in block.nodes:
            match node:
                case ast.Call():
                    yield from _called(model, node, block)
                    if any(k.arg in _KEYWORDS or k.arg is None for k in node.keywords):
                        yield from _keywords(model, node, block)
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    for decorator in node.decorator_list:
                        if isinstance(decorator, ast.Attribute) and decorator.attr in _METHODS:
                            yield from _registered(model, decorator, decorator, block, None)


def _called(model: Model, node: ast.Call, block: Block) -> Iterator[Event]:
    function = node.func
    if isinstance(function, ast.Attribute):
        of_list = isinstance(function.value, ast.Attribute) and function.value.attr in _LISTS
        if function.attr in _METHODS or (of_list and function.attr in ("append", "extend")):
            yield from _registered(model, function, node, block, node)


def _registered(
    model: Model,
    function: ast.Attribute,
    node: ast.expr,
    block: Block,
    call: ast.Call | None,
) -> Iterator[Event]:
    """The registration by a method of an app: `function` is the method, `call` what calls it."""
    owners, roles, handlers, names = set[Value](), set[Role | None](), list[Func](), set[str]()
    for frame in calls.activations_of(model, block):
        for value in model.values(function, frame):
            name = invocation.callee_name(model, value)
            if name is None or not isinstance(value, Bound):
                continue
            found = _role(model, value, name, call, frame)
            if found is None:
                continue
            owners.add(app_of(model, value.receiver))
            roles.add(found[0])
            names.add(name)
            if call is not None and found[1] is not None:
                handlers += calls.functions_in(model, model.values(found[1], frame))
    if not owners:
        return
    handlers += _decorated(block, node, model)
    role = next(iter(roles)) if len(roles) == 1 else None
    yield Event(role, min(names), node, block, frozenset(owners), tuple(dict.fromkeys(handlers)))


def _role(
    model: Model, method: Bound, name: str, call: ast.Call | None, frame: Frame
) -> tuple[Role | None, ast.expr | None] | None:
    """The role in which a method registers, and the expression of the handler; None if it registers no event."""
    if name in DECORATORS:
        role = DECORATORS[name]
        first = call.args[0] if call is not None and call.args else None
        return (role, first) if role in _LIFE else None
    for takes in TAKES.get(name, ()):
        if takes.role in _LIFE and call is not None:
            return takes.role, invocation.argument(model, call, frame, takes.keyword, takes.index)
    if call is None:
        return None
    if name in EVENTS:
        return _constant_role(model, call, frame, "event", 0, EVENTS[name]), None
    if method.name in ("on_event", "add_event_handler") and is_starlette(model, method.receiver):
        spelled = {word: role for role, word in _LIFE.items()}
        role_of = _constant_role(model, call, frame, "event_type", 0, spelled)
        return role_of, invocation.argument(model, call, frame, "func", 1)
    listener = f"{name.removesuffix('register_listener')}listener"
    if method.name == "register_listener" and listener in EVENTS:
        role_of = _constant_role(model, call, frame, "event", 1, EVENTS[listener])
        return role_of, invocation.argument(model, call, frame, "listener", 0)
    return None


def _constant_role(
    model: Model, call: ast.Call, frame: Frame, keyword: str, index: int, roles: dict[str, Role]
) -> Role | None:
    given = invocation.argument(model, call, frame, keyword, index)
    for value in model.values(given, frame):
        if isinstance(value, Constant) and value.value in roles:
            return roles[str(value.value)]
    return None


def _decorated(block: Block, node: ast.expr, model: Model) -> list[Func]:
    """What the expression decorates, or is called with: `app.on_event("startup")(f)`."""
    parent = block.parents.get(node)
    if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef) and node in parent.decorator_list:
        return [Func(block.inner[parent], model.frame(block))]
    if isinstance(parent, ast.Call) and parent.func is node and parent.args:
        return list(calls.functions_in(model, model.values(parent.args[0], model.frame(block))))
    return []


def _keywords(model: Model, node: ast.Call, block: Block) -> Iterator[Event]:
    """`on_startup=` and `on_shutdown=` of the constructors of apps and routers."""
    for frame in calls.activations_of(model, block):
        for callee in model.values(node.func, frame):
            name = _constructor(model, callee)
            taken = {t.keyword: t.role for t in TAKES.get(name or "", ()) if t.role in _LIFE}
            taken.pop("lifespan", None)
            if name is None or not taken:
                continue
            for keyword in node.keywords:
                roles = [keyword.arg] if keyword.arg else list(taken)
                for spelled in roles:
                    if spelled not in taken:
                        continue
                    values = (
                        model.values(keyword.value, frame)
                        if keyword.arg
                        else _from_mapping(model, keyword.value, frame, spelled)
                    )
                    if not keyword.arg and not values - UNKNOWN - {Constant(None)}:
                        continue
                    owners = _made_by(model, node, callee, frame)
                    handlers = tuple(calls.functions_in(model, values))
                    yield Event(taken[spelled], name, keyword, block, owners, handlers)
            return


def _constructor(model: Model, callee: Value) -> str | None:
    """The app's class that a call constructs; also `super().__init__` in a subclass of it."""
    match callee:
        case Library(name) if name in TYPES:
            return name
        case Bound(receiver, "__init__"):
            return attributes.type_name(model, receiver)
        case Cls():
            if any("__init__" in b.block.bindings for b in _project_bases(model, callee)):
                return None
            return attributes.type_name(model, Instance(callee, _class_site(callee)))
    return None


def _project_bases(model: Model, cls: Cls) -> Iterator[Cls]:
    return (base for base in attributes.mro(model, cls) if isinstance(base, Cls))


def _made_by(model: Model, node: ast.Call, callee: Value, frame: Frame) -> Values:
    if isinstance(callee, Bound):
        return frozenset({callee.receiver})
    return model.values(node, frame)


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
        site = _site(app)
        made_here = _call_at(model, site) if site and site.path == model.linted.path else None
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


def _special(model: Model, value: Value, name: str) -> Iterator[Frame]:
    if isinstance(value, Cls):
        value = Instance(value, _class_site(value))
    if isinstance(value, Instance):
        for method in attributes.of_instance(model, value, value.cls, name):
            if isinstance(method, Func):
                yield calls.entry(model, method)


def _apps(model: Model) -> Iterator[tuple[Value, ast.AST, Block]]:
    """The apps that the linted file makes, gets out of a factory, or registers handlers on."""
    for call, block in model.linted.calls():
        frame = model.frame(block)
        stored = isinstance(block.parents.get(call), ast.Assign | ast.AnnAssign | ast.Return)
        for callee in model.values(call.func, frame):
            if _constructor(model, callee) is None and not (stored and isinstance(callee, Func)):
                continue
            for value in model.values(call, frame):
                if isinstance(value, Made | Instance) and _is_app(model, value):
                    if _is_made_at(value, call, block):
                        yield value, call, block
    for event in events(model):
        for owner in event.owners:
            if _is_app(model, owner):
                yield owner, event.node, event.block


def _is_made_at(value: Made | Instance, call: ast.Call, block: Block) -> bool:
    site = Site.of(call, block)
    return value.site == site or site in value.context


def _is_app(model: Model, value: Value) -> bool:
    return attributes.kind_of(model, value) is Kind.APP


def is_lifespan(model: Model, block: Block) -> bool:
    """Is a function a lifespan by its shape: a generator, decorated so, whose one parameter is an app?"""
    if not block.is_async or not block.yields or block.parent is None:
        return False
    function = Func(block, model.frame(block.parent))
    names = invocation.decorators(model, function)
    if any(DECORATORS.get(name) is Role.LIFESPAN for name in names):
        return True
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
