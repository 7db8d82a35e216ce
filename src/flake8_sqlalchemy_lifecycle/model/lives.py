"""The lives of apps: which functions run when an app starts, while it lives, and when it ends."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from . import calls
from .apps import (
    APPS,
    call_at,
    constructed_type,
    is_app,
    is_same,
    site_of,
)
from .events import events, events_of
from .inference import Model
from .kept import names_of_apps
from .knowledge import Role
from .lifespans import entered_frames, is_lifespan, lifespans_of, with_app
from .scopes import Block
from .values import (
    Frame,
    Func,
    Instance,
    Made,
    Site,
    Value,
)

_APP_CLASSES = frozenset(name.rpartition(".")[2] for name in APPS)
_NESTED = 3


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
    alone = [b for b in model.linted.functions() if b not in covered and is_lifespan(model, b)]
    entered = {inner for outer in (*covered, *alone) for inner in _entered_in(model, outer, alone)}
    for block in alone:
        if block not in entered and block.parent is not None:
            frame = model.frame(block)
            yield Life(None, block.node, block.parent, (frame,), (), (), True)


def _entered_in(model: Model, outer: Block, lifespans: list[Block]) -> Iterator[Block]:
    """The lifespans that another one names, to enter them as parts of itself."""
    if not lifespans:
        return
    frame = model.frame(outer)
    for node in outer.nodes:
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            for function in calls.functions_in(model, model.values(node, frame)):
                if function.block in lifespans and function.block is not outer:
                    yield function.block


def life_of(model: Model, app: Value, node: ast.AST, block: Block) -> Life:
    """The life of an app that the linted file shows at `node`."""
    given = lifespans_of(model, app)
    lifespans = list(given.frames)
    startups = [f for v in given.values for f in entered_frames(model, v, "__aenter__")]
    shutdowns = [f for v in given.values for f in entered_frames(model, v, "__aexit__")]
    lists = {Role.STARTUP: startups, Role.SHUTDOWN: shutdowns, Role.LIFESPAN: lifespans}
    for event in events_of(model, app):
        if event.role is not None:
            lists[event.role] += [with_app(model, f, app) for f in event.handlers]
    parts = [tuple(dict.fromkeys(part)) for part in (lifespans, startups, shutdowns)]
    return Life(app, node, block, parts[0], parts[1], parts[2], given.unknown)


def _apps(model: Model) -> Iterator[tuple[Value, ast.AST, Block]]:
    """The apps that the linted file makes, gets out of a factory, or registers handlers on."""
    names = names_of_apps(model)
    for call, block in model.linted.calls():
        if calls.spelled(call) not in names:
            continue
        frame = model.frame(block)
        kept = isinstance(block.parents.get(call), ast.Assign | ast.AnnAssign | ast.Return)
        for callee in model.values(call.func, frame):
            if _makes_app(model, callee, 0 if kept else _NESTED):
                for value in model.values(call, frame):
                    if isinstance(value, Made | Instance) and is_app(model, value):
                        if _is_made_at(value, call, block):
                            yield value, call, block
    for event in events(model):
        for owner in event.owners:
            if is_app(model, owner):
                yield owner, event.node, event.block


def _makes_app(model: Model, callee: Value, depth: int) -> bool:
    """Is the callee the class of an app, or a factory that calls one, as far as names tell?"""
    if not isinstance(callee, Func):
        return constructed_type(model, callee) in APPS
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
