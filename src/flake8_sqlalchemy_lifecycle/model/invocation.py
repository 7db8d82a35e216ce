"""Calls: what calling, awaiting or entering a value gives."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from . import attributes, carrying, hints, library_calls, passing
from .bindings import Assigned
from .knowledge import (
    AWAITED,
    CONTEXT_MANAGERS,
    Kind,
    member,
)
from .scopes import Block
from .values import (
    NOTHING,
    UNKNOWN,
    Bound,
    Cls,
    Constant,
    Coroutine,
    Entering,
    Frame,
    Func,
    Generator,
    Instance,
    Library,
    Made,
    Manager,
    Partial,
    Returning,
    Site,
    TypeForm,
    Value,
    Values,
)

if TYPE_CHECKING:
    from .inference import Model

_PROPERTIES = frozenset({"builtins.property", "functools.cached_property"})
_TYPED_BY_FIELDS = frozenset(
    "dataclasses.dataclass attr.s attr.attrs attr.dataclass attr.define attrs.define attrs.frozen "
    "attr.frozen attrs.mutable".split()
)
_WITH_FIELDS = frozenset(
    "pydantic.BaseModel pydantic.BaseSettings pydantic_settings.BaseSettings typing.NamedTuple msgspec.Struct".split()
)


# functions


def decorators(model: Model, function: Func) -> frozenset[str]:
    """The canonical names of the library decorators of a function; for `@app.get(…)` the method's name."""
    node = function.block.node
    if isinstance(node, ast.Lambda) or not node.decorator_list:  # type: ignore[union-attr]
        return frozenset(function.wrappers)
    key = function.block, function.closure
    names = model.decorators.get(key)
    if names is None:
        cuts = model.cuts
        names = frozenset(_decorators(model, function))
        if model.cuts == cuts:
            model.decorators[key] = names
    return names.union(function.wrappers) if function.wrappers else names


def _decorators(model: Model, function: Func) -> Iterator[str]:
    for decorator in function.block.node.decorator_list:  # type: ignore[union-attr]
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        for value in model.values(target, function.closure):
            name = callee_name(model, value)
            if name is not None:
                yield name


def callee_name(model: Model, value: Value) -> str | None:
    """The canonical name of a library function, class or method; None for anything else."""
    match value:
        case Library(name):
            return name
        case Bound(Bound() as receiver, name):
            owner = callee_name(model, receiver)
            return f"{owner}.{name}" if owner else None
        case Bound(receiver, name):
            owner = attributes.type_name(model, receiver)
            return member(owner, name) if owner else None
    return None


def is_property(names: frozenset[str]) -> bool:
    """Do a function's decorators, by their names, make a property of it?"""
    return bool(names & _PROPERTIES) or any(n.endswith(".getter") for n in names)


def call(model: Model, callee: Value, node: ast.Call, frame: Frame) -> Values:
    """What calling `callee` by the call `node` in `frame` returns (not awaited, not entered)."""
    match callee:
        case Func(block):
            if _gives_nothing(model, callee):
                return UNKNOWN
            args = passing.bind(model, block, node, frame, callee.receiver)
            return run(model, callee, args, frame, node)
        case Cls():
            return _constructed(model, callee, node, frame)
        case Library(name):
            return library_calls.library(model, name, node, frame)
        case Bound(receiver, name):
            return library_calls.method(model, receiver, name, node, frame)
        case Made():
            return library_calls.made_called(model, callee, node, frame)
        case Instance():
            found: set[Value] = set()
            for method in attributes.of_instance(model, callee, callee.cls, "__call__"):
                if isinstance(method, Func):
                    found |= call(model, method, node, frame)
                elif attributes.kind_of(model, callee) in (Kind.MAKER, Kind.REGISTRY):
                    return library_calls.session_of(model, callee, node, frame)
            return frozenset(found)
        case Partial():
            return _partial_called(model, callee, node, frame)
        case TypeForm(ast.Subscript(value=generic), where):  # async_sessionmaker[AsyncSession](…)
            return model.union(call(model, v, node, frame) for v in model.values(generic, where))
        case Returning(values):
            site = Site.of(node, frame.block)
            return frozenset(_moved(v, site, callee, frame) for v in values)
    return UNKNOWN


def _gives_nothing(model: Model, function: Func) -> bool:
    """Can the call's result be told to be unknown, whatever the arguments?"""
    block = function.block
    return (
        hints.promises_nothing_of_note(block)
        and not block.is_async
        and not block.yields
        and decorators(model, function).isdisjoint(CONTEXT_MANAGERS)
    )


def run(
    model: Model, function: Func, args: passing.Args, caller: Frame | None, node: ast.AST | None
) -> Values:
    """What a project function returns for these arguments."""
    frame = model.activation(function, args, caller, node)
    if frame is None:
        return UNKNOWN
    block = function.block
    if decorators(model, function) & CONTEXT_MANAGERS:
        return frozenset({Manager(frame)})
    if block.yields:
        return frozenset({Generator(frame)})
    if block.is_async:
        return frozenset({Coroutine(frame)})
    return returned(model, frame)


def result(model: Model, function: Func) -> Values:
    """What a function gives that is called without arguments that we know: a property, a dependency."""
    args: passing.Args = ()
    if function.receiver is not None and function.block.parameters:
        args = ((next(iter(function.block.parameters)), frozenset({function.receiver})),)
    return run(model, function, args, None, None)


def returned(model: Model, frame: Frame) -> Values:
    """What the body behind a frame returns; objects that it made carry the call in their context."""
    found = model.returned.get(frame)
    if found is not None:
        model.cuts += frame in model.partly_returned
        return carrying.out_of(found, frame)
    found = model.project.returned.get(frame)
    if found is None:
        cuts = model.cuts
        model.returned[frame] = UNKNOWN  # for a function that calls itself
        model.partly_returned.add(frame)
        found = _body_result(model, frame)
        model.returned[frame] = found
        if model.cuts == cuts:
            model.partly_returned.discard(frame)
            model.project.returned[frame] = found
    return carrying.out_of(found, frame)


def _body_result(model: Model, frame: Frame) -> Values:
    block = frame.block
    if hints.promises_nothing_of_note(block):
        return UNKNOWN
    found = model.union(model.values(value, frame) for value in block.returns)
    if not found - UNKNOWN:
        found = hints.promised(model, frame) if not block.yields else UNKNOWN
    if not block.returns and not found - UNKNOWN and not _is_stub(block):
        found = frozenset({Constant(None)})
    return found


def yielded(model: Model, frame: Frame) -> Values:
    """What a generator's body yields."""
    found = model.yielded.get(frame)
    if found is None:
        model.yielded[frame] = UNKNOWN  # for a generator that delegates to itself
        found = model.yielded[frame] = _body_yield(model, frame)
    return carrying.out_of(found, frame)


def _body_yield(model: Model, frame: Frame) -> Values:
    found: set[Value] = set()
    for node in frame.block.yields:
        if isinstance(node, ast.YieldFrom):
            found |= model.iterated(model.values(node.value, frame))
        elif node.value is not None:
            found |= model.values(node.value, frame)
        else:
            found.add(Constant(None))
    if not found - UNKNOWN:
        found |= hints.promised(model, frame)
    return frozenset(found)


def _is_stub(block: Block) -> bool:
    """A body of `...`, of a docstring, or that only raises."""
    node = block.node
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    return all(
        isinstance(s, ast.Raise | ast.Pass)
        or (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))
        for s in node.body
    )


def _moved(value: Value, site: Site, origin: Value, frame: Frame) -> Value:
    if isinstance(value, Made):
        return Made(value.type, site, origin, frame=frame)
    if isinstance(value, Instance):
        return Instance(value.cls, site, value.args, (), frame)
    return value


# classes


def _constructed(model: Model, cls: Cls, node: ast.Call, frame: Frame) -> Values:
    site = Site.of(node, frame.block)
    instance = Instance(cls, site, (), (), frame)
    for base in attributes.mro(model, cls):
        if isinstance(base, Library):
            continue
        for method in base.block.bindings.get("__init__", ()):
            block = base.block.inner.get(method.node)
            if block is not None:
                args = passing.bind(model, block, node, frame, instance)[1:]
                return frozenset({Instance(cls, site, args, (), frame)})
        if _has_fields(model, base):
            return frozenset({Instance(cls, site, _fields(model, cls, node, frame), (), frame)})
    return frozenset({instance})


def _has_fields(model: Model, cls: Cls) -> bool:
    node = cls.block.node
    assert isinstance(node, ast.ClassDef)
    for decorator in node.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        for value in model.values(target, cls.closure):
            if isinstance(value, Library) and value.name in _TYPED_BY_FIELDS:
                return True
    return any(
        isinstance(base, Library) and base.name in _WITH_FIELDS
        for base in attributes.mro(model, cls)
    )


def _fields(model: Model, cls: Cls, node: ast.Call, frame: Frame) -> passing.Args:
    names: list[str] = []
    for base in reversed(attributes.mro(model, cls)):
        if isinstance(base, Cls):
            for name, bindings in base.block.bindings.items():
                origin = bindings[0].origin
                if isinstance(origin, Assigned) and origin.annotation and name not in names:
                    names.append(name)
    found = {
        name: model.values(value, frame)
        for name, value in zip(names, node.args, strict=False)
        if not isinstance(value, ast.Starred)
    }
    found |= {k.arg: model.values(k.value, frame) for k in node.keywords if k.arg}
    return tuple(found.items())


def field(model: Model, instance: Instance, name: str) -> Values:
    """A field of a dataclass instance that was made by a call that we see."""
    for key, values in instance.args:
        if key == name and _has_fields(model, instance.cls):
            return values
    return NOTHING


def _partial_called(model: Model, partial: Partial, node: ast.Call, frame: Frame) -> Values:
    function = partial.function
    if not isinstance(function, Func):
        return call(model, function, node, frame)
    names = [n for n, p in function.block.parameters.items() if p.index is not None]
    if function.receiver is not None:
        names = names[1:]
    given = dict(zip(names, partial.positional, strict=False)) | dict(partial.keywords)
    rest = [name for name in names if name not in given]
    given |= {
        name: model.values(value, frame)
        for name, value in zip(rest, node.args, strict=False)
        if not isinstance(value, ast.Starred)
    }
    given |= {k.arg: model.values(k.value, frame) for k in node.keywords if k.arg}
    args = (
        dict(passing.bind(model, function.block, _NO_ARGUMENTS, frame, function.receiver)) | given
    )
    return run(model, function, tuple(args.items()), frame, node)


_NO_ARGUMENTS = ast.Call(ast.Name("partial", ast.Load()), [], [])


# await and with


def awaited(model: Model, value: Value) -> Values:
    """`await value`."""
    match value:
        case Coroutine(frame):
            return returned(model, frame)
        case Made(type=name) if name in AWAITED:
            result = AWAITED[name]
            return UNKNOWN if result is None else frozenset({replace(value, type=result)})
        case Made() | Instance() | Entering():
            return frozenset({value})
    return UNKNOWN


def entered(model: Model, value: Value) -> Values:
    """What `with value as name` binds, `with` or `async with`."""
    match value:
        case Manager(frame):
            return yielded(model, frame)
        case Entering(values):
            return values
        case Made():
            return frozenset({value})
        case Instance():
            for name in ("__aenter__", "__enter__"):
                found: set[Value] = set()
                for method in attributes.of_instance(model, value, value.cls, name):
                    if isinstance(method, Func):
                        for got in result(model, method):
                            found |= awaited(model, got) if isinstance(got, Coroutine) else {got}
                if found:
                    return frozenset(found)
            return frozenset({value}) if attributes.type_name(model, value) else UNKNOWN
    return UNKNOWN
