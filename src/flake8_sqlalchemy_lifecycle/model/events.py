"""Event handlers: which functions a file gives to its apps and routers to run at their start and end.

What cannot be followed is said to be unknown, never left out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from . import attributes, calls, invocation
from .apps import (
    app_of,
    constructed_type,
    files,
    in_mapping,
    is_same,
    is_starlette,
)
from .inference import Model
from .knowledge import DECORATORS, EVENTS, TAKES, TYPES, Kind, Role, ancestry
from .scopes import Block, Module
from .spelling import argument_of
from .values import (
    UNKNOWN,
    Bound,
    Cls,
    Constant,
    Frame,
    Func,
    Value,
    Values,
)

_OWNERS = (Kind.APP, Kind.ROUTER)
_LIFE = {Role.STARTUP: "startup", Role.SHUTDOWN: "shutdown", Role.LIFESPAN: "lifespan"}


def _is_owner(name: str) -> bool:
    return name in TYPES and TYPES[name].kind in _OWNERS


_KEYWORDS = {
    takes.keyword: takes.role
    for name, row in TAKES.items()
    if _is_owner(name)
    for takes in row
    if takes.role in _LIFE and takes.role is not Role.LIFESPAN
}
_METHODS = frozenset(
    name.rpartition(".")[2]
    for table in (DECORATORS, EVENTS)
    for name, role in table.items()
    if (isinstance(role, dict) or role in _LIFE) and _is_owner(name.rpartition(".")[0])
) | {"on_event", "add_event_handler", "register_listener"}
_LISTS = frozenset({"on_startup", "on_shutdown", "on_cleanup", "cleanup_ctx"})
EVENT_WORDS = tuple(sorted({*_KEYWORDS, *_METHODS, *_LISTS}))
"""A file that registers an event handler holds one of these words."""


@dataclass(frozen=True, slots=True)
class Event:
    """A registration of event handlers: by a method, a decorator, or a keyword of a constructor.

    `node` is the call, the decorator or the keyword, and `spelled` how messages say it; `owners` are the apps and
    routers that it can be on. The role is None where the name of the event is not known.
    """

    role: Role | None
    name: str
    spelled: str
    node: ast.expr | ast.keyword
    block: Block
    owners: Values
    handlers: tuple[Func, ...]


def events(model: Model) -> Iterator[Event]:
    """The event handlers that the linted file registers, in the order of the text."""
    if model.linted.may_say(*EVENT_WORDS):
        yield from events_in(model, model.linted)


def events_of(model: Model, app: Value) -> Iterator[Event]:
    """The event handlers that the files at hand register on an app (or on its own router)."""
    for module in files(model, *EVENT_WORDS):
        for event in events_in(model, module):
            if any(is_same(owner, app) for owner in event.owners):
                yield event


def events_at_hand(model: Model) -> Iterator[Event]:
    """The event handlers that the files at hand register, on whatever app or router."""
    for module in files(model, *EVENT_WORDS):
        yield from events_in(model, module)


def events_in(model: Model, module: Module) -> Iterator[Event]:
    """The event handlers that a file registers, in the order of its text."""
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
            owner = app_of(model, value.receiver)
            if attributes.kind_of(model, owner) not in _OWNERS:
                continue
            owners.add(owner)
            roles.add(found[0])
            names.add(name)
            if call is not None and found[1] is not None:
                handlers += calls.functions_in(model, model.values(found[1], frame))
    if not owners:
        return
    handlers += _decorated(block, node, model)
    role = next(iter(roles)) if len(roles) == 1 else None
    spelled = f"{ast.unparse(function)}({_quoted(role)})"
    yield Event(
        role,
        min(names),
        spelled,
        node,
        block,
        frozenset(owners),
        tuple(dict.fromkeys(handlers)),
    )


def _quoted(role: Role | None) -> str:
    return f'"{_LIFE[role]}"' if role else ""


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
            return takes.role, argument_of(call, takes.keyword, takes.index)
    if call is None:
        return None
    if name in EVENTS:
        return _constant_role(model, call, frame, "event", 0, EVENTS[name]), None
    if method.name in ("on_event", "add_event_handler") and is_starlette(model, method.receiver):
        spelled = {word: role for role, word in _LIFE.items()}
        role_of = _constant_role(model, call, frame, "event_type", 0, spelled)
        return role_of, argument_of(call, "func", 1)
    listener = f"{name.removesuffix('register_listener')}listener"
    if method.name == "register_listener" and listener in EVENTS:
        role_of = _constant_role(model, call, frame, "event", 1, EVENTS[listener])
        return role_of, argument_of(call, "listener", 0)
    return None


def _constant_role(
    model: Model, call: ast.Call, frame: Frame, keyword: str, index: int, roles: dict[str, Role]
) -> Role | None:
    given = argument_of(call, keyword, index)
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
    found: dict[tuple[ast.keyword, str], Event] = {}
    for frame in calls.activations_of(model, block):
        for callee in model.values(node.func, frame):
            name = constructed_type(model, callee)
            for word, role in _taken(name).items() if name else ():
                for keyword, values in _given(model, node, callee, frame, word):
                    event = Event(
                        role,
                        name or "",
                        f"{word}=",
                        keyword,
                        block,
                        _made_by(model, node, callee, frame),
                        tuple(calls.functions_in(model, values)),
                    )
                    before = found.get((keyword, word))
                    found[keyword, word] = _merged(before, event) if before else event
    yield from found.values()


def _taken(name: str) -> dict[str, Role]:
    """The keywords of an app's class that take event handlers."""
    return {
        takes.keyword: takes.role
        for base in ancestry(name)
        for takes in TAKES.get(base, ())
        if takes.role in (Role.STARTUP, Role.SHUTDOWN)
    }


def _given(
    model: Model, node: ast.Call, callee: Value, frame: Frame, word: str
) -> Iterator[tuple[ast.keyword, Values]]:
    """Where a construction passes a keyword on to the library's class, and what it passes."""
    if isinstance(callee, Cls) and not _passes_on(model, callee, word):
        return
    for keyword in node.keywords:
        if keyword.arg == word and not _is_handed_on(callee, keyword.value, frame.block):
            yield keyword, model.values(keyword.value, frame)
        elif keyword.arg is None and not _is_handed_on(callee, keyword.value, frame.block):
            values = in_mapping(model, keyword.value, frame, word)
            if values - UNKNOWN - {Constant(None)}:
                yield keyword, values


def _is_handed_on(callee: Value, node: ast.expr, block: Block) -> bool:
    """`super().__init__(on_startup=on_startup, **options)`: what constructs the subclass says it."""
    if not isinstance(callee, Bound) or not isinstance(node, ast.Name):
        return False
    parameter = block.parameters.get(node.id)
    if parameter is None or len(block.bindings.get(node.id, ())) > 1:
        return False
    return parameter.star == "**" or _is_none(parameter.default)


def _is_none(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _passes_on(model: Model, cls: Cls, word: str) -> bool:
    """Does a subclass hand a keyword on as it is: without a constructor, by its `**options`, or by a parameter?"""
    bases = [base for base in attributes.mro(model, cls) if isinstance(base, Cls)]
    for base in bases:
        for binding in base.block.bindings.get("__init__", ()):
            constructor = base.block.inner.get(binding.node)
            parameters = constructor.parameters if constructor else {}
            if word in parameters:
                return _is_none(parameters[word].default) and any(
                    keyword.arg == word and ast.unparse(keyword.value) == word
                    for call in (constructor.calls if constructor else ())
                    for keyword in call.keywords
                )
            return any(p.star == "**" for p in parameters.values())
    return True


def _merged(one: Event, other: Event) -> Event:
    handlers = tuple(dict.fromkeys((*one.handlers, *other.handlers)))
    return replace(one, owners=one.owners | other.owners, handlers=handlers)


def _made_by(model: Model, node: ast.Call, callee: Value, frame: Frame) -> Values:
    if isinstance(callee, Bound):
        return frozenset({callee.receiver})
    return model.values(node, frame)
