"""Event handlers that run twice: of a router that an application without lifespan includes.

The include copies the router's handlers to the app, and merges the router's lifespan, which runs them too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import attributes
from .apps import app_of, files, is_starlette, site_of
from .event_runs import Include, includes_in
from .events import Event, events_at_hand, events_of
from .flow import position
from .knowledge import Kind
from .lifespans import lifespans_of
from .scopes import Block
from .values import Constant, Instance, Made, Value

if TYPE_CHECKING:
    from .inference import Model

_SINCE = ("fastapi", "0.112.2")
_NESTED = 4


@dataclass(frozen=True, slots=True)
class Twice:
    """An include into an app without lifespan, and a handler that it makes run twice."""

    node: ast.Call
    event: Event


def run_twice(model: Model) -> Iterator[Twice]:
    """The includes of the linted file by which event handlers run twice, in the order of the text."""
    if not model.project.declared(model.linted.path).may_be_at_least(*_SINCE):
        return
    if not any(_is_on_router(model, event) for event in events_at_hand(model)):
        return
    seen: set[ast.Call] = set()
    for include in includes_in(model, model.linted):
        if include.node not in seen and all(_is_bare_app(model, a) for a in include.including):
            event = next(_copied(model, include, 0), None)
            if event is not None and not _is_parameter(include):
                seen.add(include.node)
                yield Twice(include.node, event)


def _is_on_router(model: Model, event: Event) -> bool:
    return any(attributes.kind_of(model, owner) is Kind.ROUTER for owner in event.owners)


def _is_bare_app(model: Model, app: Value) -> bool:
    """Is it an app that is constructed at hand and has no lifespan on any way?"""
    if not isinstance(app, Made | Instance) or getattr(app, "declared", False):
        return False
    if attributes.kind_of(model, app) is not Kind.APP or not is_starlette(model, app):
        return False
    given = lifespans_of(model, app)
    return not given.unknown and given.values == {Constant(None)}


def _is_parameter(include: Include) -> bool:
    """Is the app a parameter, or made elsewhere: does somebody else say what it has, and when?"""
    owner = include.node.func
    assert isinstance(owner, ast.Attribute)
    root = owner.value
    while isinstance(root, ast.Attribute):
        root = root.value
    if not isinstance(root, ast.Name) or root.id not in include.block.parameters:
        return False
    return root is owner.value or not all(_is_made_in(include.block, a) for a in include.including)


def _is_made_in(block: Block, app: Value) -> bool:
    """Does this function construct the app: `self.app = FastAPI()`, included into in the same constructor?"""
    site = site_of(app)
    if site is None or site.path != block.module.path:
        return False
    return any((c.lineno, c.col_offset) == (site.line, site.column) for c in block.calls)


def _copied(model: Model, include: Include, depth: int) -> Iterator[Event]:
    """The events that an include copies: of the router, and of the routers that were included into it."""
    for value in include.included:
        router = app_of(model, value)
        if not isinstance(router, Made | Instance) or getattr(router, "declared", False):
            continue
        if not is_starlette(model, router) or not _has_default_lifespan(model, router):
            continue
        for event in events_of(model, router):
            if event.handlers and _is_before(event.block, event.node, router, include):
                yield event
        for module in files(model, "include_router") if depth < _NESTED else ():
            for inner in includes_in(model, module):
                if any(_is_router(model, v, router) for v in inner.including):
                    if _is_before(inner.block, inner.node, router, include):
                        yield from _copied(model, inner, depth + 1)


def _has_default_lifespan(model: Model, router: Value) -> bool:
    given = lifespans_of(model, router)
    return not given.unknown and given.values == {Constant(None)}


def _is_router(model: Model, value: Value, router: Value) -> bool:
    return site_of(app_of(model, value)) == site_of(router) is not None


def _is_before(block: Block, node: ast.AST, router: Made | Instance, include: Include) -> bool:
    """Is it certain that the node ran when the include does?

    It stands above it, at the top of another module, or in the function that makes the router.
    """
    if block is include.block:
        return position(node) < position(include.node)
    if block.function is None:
        return block.module is not include.block.module or include.block.function is not None
    line = router.site.line
    start, end = position(block.node)[0], getattr(block.node, "end_lineno", 0) or 0
    return block.module.path == router.site.path and start <= line <= end
