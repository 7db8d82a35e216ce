"""What calls of library functions and methods give, of dictionaries and other containers too."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from . import attributes, hints, invocation, passing, strings
from .knowledge import (
    CACHES,
    CONTEXT_MANAGERS,
    CREATORS,
    ENVIRONMENT,
    KEEPS_RECEIVER,
    RETURNS,
    TYPES,
    Kind,
    member,
)
from .spelling import argument_of
from .values import (
    NOTHING,
    UNKNOWN,
    Cls,
    Constant,
    Elements,
    Entering,
    Frame,
    Func,
    Generator,
    Instance,
    Items,
    Library,
    Made,
    Mapping,
    Partial,
    Site,
    Super,
    Text,
    Value,
    Values,
)

if TYPE_CHECKING:
    from .inference import Model

_RUNNERS = frozenset(
    "asyncio.run asyncio.wait_for asyncio.shield asyncio.create_task asyncio.ensure_future".split()
)
_POOLED_STRATEGIES = frozenset({Constant("plain"), Constant("threadlocal")})
"""Of SQLAlchemy before 1.4, where `create_engine(strategy=…)` chose what it makes."""


def library(model: Model, name: str, node: ast.Call, frame: Frame) -> Values:
    """What a call of a library's function or class gives."""
    site = Site.of(node, frame.block)
    first = node.args[0] if node.args and not isinstance(node.args[0], ast.Starred) else None
    short = name.rpartition(".")[2]
    if name in CREATORS:
        if any(keyword.arg == "strategy" for keyword in node.keywords):
            strategy = model.values(argument_of(node, "strategy"), frame)
            if not strategy <= _POOLED_STRATEGIES:
                return UNKNOWN  # "mock": it prints the statements, and connects to nothing
        return frozenset({Made(CREATORS[name], site, None, (), False, node, frame)})
    if name == "sqlalchemy.AsyncEngine" and first is not None:
        inner = [v for v in model.values(first, frame) if isinstance(v, Made)]
        if inner:
            return frozenset(
                Made(name, e.site, None, e.context, False, e.call, e.frame) for e in inner
            )
    if name == "sqlalchemy.sessionmaker" and _makes_async(model, node, frame):
        name = "sqlalchemy.async_sessionmaker"
    if name in ("sqlalchemy.scoped_session", "sqlalchemy.async_scoped_session"):
        makers = model.values(argument_of(node, "session_factory", 0), frame)
        return frozenset(Made(name, site, maker, (), False, node, frame) for maker in makers)
    if name in RETURNS:
        return frozenset({Made(RETURNS[name], site, None, (), False, node, frame)})
    if name in TYPES:
        return frozenset({Made(name, site, None, (), False, node, frame)})
    if name in ENVIRONMENT:
        default = argument_of(node, "default", ENVIRONMENT[name])
        if default is not None:
            return model.values(default, frame)
    if name == "builtins.dict":
        return _dictionary(model, node, frame)
    if first is not None:
        if name in _RUNNERS:
            return (
                frozenset(model.values(first, frame))
                if short != "run"
                else model.union(invocation.awaited(model, v) for v in model.values(first, frame))
            )
        if name in CACHES | CONTEXT_MANAGERS:
            return frozenset(
                Func(v.block, v.closure, v.receiver, (*v.wrappers, name))
                if isinstance(v, Func)
                else v
                for v in model.values(first, frame)
            )
        found = _helper(model, name, short, first, node, frame)
        if found is not None:
            return found
    if name == "builtins.super":
        return _super(model, frame)
    return frozenset({Made(name, site, None, (), False, node, frame)})


def _dictionary(model: Model, node: ast.Call, frame: Frame) -> Values:
    """`dict(other, key=value)`."""
    entries: dict[object, Values] = {}
    for argument in (*node.args, *node.keywords):
        if isinstance(argument, ast.keyword) and argument.arg is not None:
            entries[argument.arg] = model.values(argument.value, frame)
            continue
        values = model.values(
            argument.value if isinstance(argument, ast.keyword) else argument, frame
        )
        mapping = next(iter(values))
        if len(values) != 1 or not isinstance(mapping, Mapping):
            return UNKNOWN
        entries.update(mapping.entries)
    return frozenset({Mapping(tuple(entries.items()))})


def _helper(
    model: Model, name: str, short: str, first: ast.expr, node: ast.Call, frame: Frame
) -> Values | None:
    """Small functions of the standard library that hand on, wrap or take apart their argument."""
    match name:
        case "functools.partial":
            positional = tuple(model.values(a, frame) for a in node.args[1:])
            keywords = tuple((k.arg, model.values(k.value, frame)) for k in node.keywords if k.arg)
            return frozenset(Partial(v, positional, keywords) for v in model.values(first, frame))
        case "contextlib.closing" | "contextlib.aclosing" | "contextlib.nullcontext":
            closes = short != "nullcontext"
            return frozenset({Entering(model.values(first, frame), closes)})
        case "typing.cast" if len(node.args) == 2:
            found = model.values(node.args[1], frame)
            return found if found - UNKNOWN else hints.annotated(model, first, frame, node)
        case "builtins.getattr" if len(node.args) >= 2:
            found = NOTHING
            for key in model.values(node.args[1], frame):
                if isinstance(key, Constant) and isinstance(key.value, str):
                    for value in model.values(first, frame):
                        found |= attributes.attribute(model, value, key.value)
            default = model.values(node.args[2], frame) if len(node.args) > 2 else NOTHING
            return found | default or UNKNOWN
        case "builtins.next" | "builtins.anext":
            asynchronous = short == "anext"
            stepped = model.values(first, frame)
            return model.iterated(frozenset(v for v in stepped if _can_step(v, asynchronous)))
        case "builtins.enumerate":
            pair = Items((UNKNOWN, model.iterated(model.values(first, frame))))
            return frozenset({Elements(frozenset({pair}))})
        case "builtins.zip":
            rows = Items(tuple(model.iterated(model.values(a, frame)) for a in node.args))
            return frozenset({Elements(frozenset({rows}))})
        case (
            "builtins.list"
            | "builtins.tuple"
            | "builtins.set"
            | "builtins.sorted"
            | "builtins.reversed"
        ):
            return frozenset({Elements(model.iterated(model.values(first, frame)))})
        case "builtins.type" if len(node.args) == 1:
            values = model.values(first, frame)
            return frozenset(v.cls for v in values if isinstance(v, Instance)) or UNKNOWN
        case "builtins.str" | "sqlalchemy.make_url":
            return None if short == "make_url" else model.values(first, frame)
        case "starlette.run_in_threadpool" | "asyncio.to_thread":
            found = NOTHING
            for value in model.values(first, frame):
                if isinstance(value, Func):
                    shifted = ast.Call(node.func, node.args[1:], node.keywords)
                    ast.copy_location(shifted, node)
                    found |= invocation.call(model, value, shifted, frame)
            return found or UNKNOWN
    return None


def _can_step(value: Value, asynchronous: bool) -> bool:
    """`next()` of an async generator raises, and so does `anext()` of a plain one."""
    if not isinstance(value, Generator):
        return True
    return isinstance(value.frame.block.node, ast.AsyncFunctionDef) is asynchronous


def _makes_async(model: Model, node: ast.Call, frame: Frame) -> bool:
    given = argument_of(node, "class_")
    if given is None:
        return False
    return any(
        (isinstance(v, Library) and v.name == "sqlalchemy.AsyncSession")
        or (isinstance(v, Cls) and Library("sqlalchemy.AsyncSession") in attributes.mro(model, v))
        for v in model.values(given, frame)
    )


def _super(model: Model, frame: Frame) -> Values:
    owner = frame.block.method_of
    if owner is None or not frame.block.parameters or owner.parent is None:
        return UNKNOWN
    receiver = passing.parameter(model, next(iter(frame.block.parameters.values())), frame)
    closure = frame.closure.closure if frame.closure else None
    cls = Cls(owner, closure or model.frame(owner.parent))
    return frozenset(Super(value, cls) for value in receiver)


def method(model: Model, receiver: Value, name: str, node: ast.Call, frame: Frame) -> Values:
    """What a method gives of an object of a library, of a text, or of a container."""
    match receiver:
        case Constant() | Text():
            return strings.method(model, receiver, name, node, frame)
        case Mapping() if name == "get" and node.args:
            keys = model.values(node.args[0], frame)
            return model.union(
                model.item(receiver, k.value if isinstance(k, Constant) else None) for k in keys
            )
        case Mapping() if name == "values":
            return frozenset({Elements(model.item(receiver, None))})
        case Mapping() | Elements() if name == "items":
            pair = Items((UNKNOWN, model.item(receiver, None)))
            return frozenset({Elements(frozenset({pair}))})
        case Mapping() | Elements() if name == "popitem":
            return frozenset({Items((UNKNOWN, model.item(receiver, None)))})
        case Elements() | Items() if name in ("pop", "popleft", "values", "copy", "get"):
            inner = model.iterated(frozenset({receiver}))
            return frozenset({Elements(inner)}) if name in ("values", "copy") else inner
        case Generator() if name in ("__next__", "__anext__", "asend", "send"):
            return invocation.yielded(model, receiver.frame)
    owner = attributes.type_name(model, receiver)
    if owner is None or owner not in TYPES:
        return UNKNOWN
    key = member(owner, name)
    site = Site.of(node, frame.block)
    kind = attributes.kind_of(model, receiver)
    if kind is Kind.MAKER and name in ("begin", "__call__"):
        return session_of(model, receiver, node, frame)
    if kind is Kind.STACK and name in ("enter_context", "enter_async_context") and node.args:
        return model.union(invocation.entered(model, v) for v in model.values(node.args[0], frame))
    if name == "run_until_complete" and node.args:
        return model.union(invocation.awaited(model, v) for v in model.values(node.args[0], frame))
    if key in KEEPS_RECEIVER:
        return frozenset({receiver})
    if key in RETURNS:
        return frozenset({Made(RETURNS[key], site, receiver, (), False, node, frame)})
    return frozenset({Made(key, site, receiver, (), False, node, frame)})


def made_called(model: Model, made: Made, node: ast.Call, frame: Frame) -> Values:
    """What calling an object of a library gives: makers and registries give sessions, decorators functions."""
    kind = attributes.kind_of(model, made)
    if kind is Kind.MAKER:
        return session_of(model, made, node, frame)
    if kind is Kind.REGISTRY:
        name = "AsyncSession" if attributes.is_async(model, made) else "Session"
        return frozenset({Made(f"sqlalchemy.{name}", made.site, made, made.context)})
    if made.type in CACHES | CONTEXT_MANAGERS and node.args:  # lru_cache(maxsize=…)(f)
        return library(model, made.type, node, frame)
    return UNKNOWN


def session_of(model: Model, maker: Value, node: ast.Call, frame: Frame) -> Values:
    """The session that a maker makes here: of its `class_`, async or not."""
    site = Site.of(node, frame.block)
    if isinstance(maker, Made):
        for cls in passing.argument_values(model, maker, "class_") or NOTHING:
            if isinstance(cls, Cls):
                return frozenset({Instance(cls, site, (), (), frame)})
    name = "AsyncSession" if attributes.is_async(model, maker) else "Session"
    return frozenset({Made(f"sqlalchemy.{name}", site, maker, (), False, node, frame)})
