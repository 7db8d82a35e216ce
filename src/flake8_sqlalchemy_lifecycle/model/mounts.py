"""Applications that are mounted into others: Starlette runs the outer one's lifespan, and none of theirs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import calls
from .apps import app_of, files, is_starlette
from .apps import is_same as is_same_app
from .events import events_of
from .inference import known
from .lifespans import lifespans_of
from .scopes import Block, Module
from .spelling import last_name
from .values import Bound, Constant, Frame, Instance, Made, Site, Value

if TYPE_CHECKING:
    from .inference import Model

_METHODS = frozenset({"mount", "host"})
_CLASSES = frozenset({"starlette.Mount", "starlette.Host"})
_NAMES = frozenset({*_METHODS, *(name.rpartition(".")[2] for name in _CLASSES)})
_RUNNERS = frozenset({"lifespan_context", "LifespanManager", "startup", "_startup"})


@dataclass(frozen=True, slots=True)
class Mounted:
    """A mount of an app that has code for its start or end, which never runs: one function of that code."""

    node: ast.Call
    app: Value
    runs: Block


def mounted(model: Model, module: Module | None = None) -> Iterator[Mounted]:
    """The mounts of the linted file (or another one) whose sub-app has a lifespan or events that nobody runs."""
    for call, block in (module or model.linted).calls():
        if last_name(call.func) not in _NAMES:
            continue
        parents = list(_parents(model, call, block))
        if not parents or not all(_is_readable(model, parent) for parent in parents):
            continue
        for app in _mounted_apps(model, call, block):
            code = list(_start_and_end(model, app))
            if code and not any(_is_run_elsewhere(model, app, inner) for inner in code):
                yield Mounted(call, app, code[0])
                break


def _parents(model: Model, call: ast.Call, block: Block) -> Iterator[Value]:
    """The apps into which a call mounts; nothing where it is no mount, or they are not known."""
    for frame in calls.activations_of(model, block):
        for callee in model.values(call.func, frame):
            match callee:
                case Bound(receiver, name) if name in _METHODS and is_starlette(model, receiver):
                    yield app_of(model, receiver)
        if _CLASSES & set(calls.names_of(model, model.values(call.func, frame))):
            for construction in _constructions_with(call, block):
                for value in model.values(construction, frame):
                    if is_starlette(model, value):
                        yield value
            owner = _routes_with(call, block)
            for value in model.values(owner, frame) if owner is not None else ():
                if is_starlette(model, value):
                    yield app_of(model, value)


def _constructions_with(call: ast.Call, block: Block) -> Iterator[ast.Call]:
    """`Starlette(routes=[Mount(…)])`, or `Starlette(routes=routes)` where `routes` is that list."""
    names: set[str] = set()
    for outer in block.ancestors(call):
        match outer:
            case ast.Call():
                yield outer
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
    for other in block.calls if names else ():
        for keyword in other.keywords:
            if keyword.arg == "routes" and last_name(keyword.value) in names:
                yield other


def _routes_with(call: ast.Call, block: Block) -> ast.expr | None:
    """The app of `app.routes.append(Mount(…))`, or its router."""
    match next(block.ancestors(call), None):
        case ast.Call(
            func=ast.Attribute(
                attr="append" | "insert", value=ast.Attribute(attr="routes", value=owner)
            )
        ):
            return owner
    return None


def _is_readable(model: Model, parent: Value) -> bool:
    """Is all known that the app runs at its start?"""
    if not isinstance(parent, Made | Instance) or getattr(parent, "declared", False):
        return False
    given = lifespans_of(model, parent)
    return not given.unknown and (bool(given.frames) or given.values == {Constant(None)})


def _mounted_apps(model: Model, call: ast.Call, block: Block) -> Iterator[Value]:
    given = call.args[1] if len(call.args) > 1 else None
    given = next((k.value for k in call.keywords if k.arg == "app"), given)
    if given is None:
        return
    for frame in calls.activations_of(model, block):
        for value in known(model.values(given, frame)):
            app = app_of(model, value)
            if is_starlette(model, app) and not getattr(app, "declared", False):
                yield app


def _start_and_end(model: Model, app: Value) -> Iterator[Block]:
    """The lifespans of an app; its event handlers, if it has none."""
    given = lifespans_of(model, app)
    if given.unknown:
        return
    if given.frames:
        yield from (frame.block for frame in given.frames)
    elif given.values == {Constant(None)}:
        for event in events_of(model, app):
            yield from (handler.block for handler in event.handlers)


def _is_run_elsewhere(model: Model, app: Value, code: Block) -> bool:
    """Does a file at hand name the function once more, or run the lifespan of what may be the app?"""
    for module in files(model, code.name, *_RUNNERS):
        names = {code.name} | {new for new, word in module.renamed.items() if word == code.name}
        for block in module.blocks():
            if names.isdisjoint(block.words) and _RUNNERS.isdisjoint(block.words):
                continue
            frame = model.frame(block)
            for node in block.nodes:
                if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
                    name = last_name(node)
                    if name in _RUNNERS and _may_run(model, node, frame, app):
                        return True
                    if name in names and _names_again(model, node, frame, app, code):
                        return True
    return False


def _may_run(model: Model, node: ast.expr, frame: Frame, app: Value) -> bool:
    """Does `sub.router.lifespan_context`, `LifespanManager(sub)` run this app, or one that is not known?"""
    if last_name(node) == "LifespanManager":
        return _may_be_managed(model, node, frame.block, app)
    if not isinstance(node, ast.Attribute):
        return True
    owners = [app_of(model, v) for v in model.values(node.value, frame)]
    if node.attr in ("startup", "_startup") and not any(is_starlette(model, o) for o in owners):
        return False
    return any(_may_be(model, owner, app) for owner in owners)


def _may_be(model: Model, other: Value, app: Value) -> bool:
    return (
        not is_starlette(model, other)
        or getattr(other, "declared", False)
        or is_same_app(other, app)
    )


def _may_be_managed(model: Model, node: ast.expr, block: Block, app: Value) -> bool:
    """Is what stands in `LifespanManager(…)` the app, if a function got it from any file at hand?"""
    outer = next(iter(block.ancestors(node)), None)
    if not isinstance(outer, ast.Call) or outer.func is not node or not outer.args:
        return True
    return any(
        _may_be(model, app_of(model, value), app)
        for frame in _activations(model, block) or (model.frame(block),)
        for value in model.values(outer.args[0], frame)
    )


def _activations(model: Model, block: Block) -> list[Frame]:
    """The activations of a function by the calls of all files at hand."""
    return [
        activation
        for module in files(model, block.name)
        for call, caller in module.calls()
        if calls.spelled(call) in module.spellings(block.name)
        for frame in (model.frame(caller),)
        for callee in model.values(call.func, frame)
        for activation in calls.activations(model, callee, call, frame)
        if activation.block is block
    ]


def _names_again(model: Model, node: ast.expr, frame: Frame, app: Value, code: Block) -> bool:
    """Is the function named other than where it is given to the app?"""
    functions = calls.functions_in(model, model.values(node, frame))
    if not any(function.block is code for function in functions):
        return False
    construction = app.call if isinstance(app, Made) else None
    through = app.context if isinstance(app, Made) else ()
    for outer in (node, *frame.block.ancestors(node)):
        match outer:
            case ast.Call() if outer is construction or Site.of(outer, frame.block) in through:
                return False
            case ast.Call(func=ast.Attribute(value=owner)):
                if any(is_same_app(app_of(model, v), app) for v in model.values(owner, frame)):
                    return False
            case ast.Assign(targets=[ast.Attribute(attr="lifespan_context", value=owner)]):
                if any(is_same_app(app_of(model, v), app) for v in model.values(owner, frame)):
                    return False
    return True
