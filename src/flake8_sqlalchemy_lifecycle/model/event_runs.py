"""Whether the event handlers of FastAPI and Starlette run: a lifespan takes the place of what would run them.

An app that is given a lifespan runs no handlers of its own. Those of an included router run through the router's
default lifespan, which the include merges into the app's, unless the app's is replaced afterwards.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from . import attributes, calls
from .apps import app_of, files, is_same, is_starlette
from .events import Event, events
from .flow import position
from .inference import Model
from .knowledge import Kind, ancestry
from .lifespans import Lifespans, assignments, lifespans_of, special_frames
from .scopes import Block, Module
from .values import Bound, Constant, Frame, Library, Made, Value, Values

_RUNNERS = frozenset(
    "on_startup on_shutdown startup shutdown _startup _shutdown lifespan_context".split()
)
_MOST_STEPS = 400
_NESTED = 6


@dataclass(frozen=True, slots=True)
class Include:
    """`including.include_router(included)`, at `node` in `block`."""

    including: Values
    included: Values
    node: ast.Call
    block: Block


def handled_events(model: Model) -> Iterator[Event]:
    """The events that the linted file registers with FastAPI or Starlette, of a version that knows lifespans."""
    declared = model.project.declared(model.linted.path)
    for event in events(model):
        if not event.owners or not all(is_starlette(model, owner) for owner in event.owners):
            continue
        library, since = ("fastapi", "0.93") if is_fastapi(model, event) else ("starlette", "0.26")
        if declared.may_be_at_least(library, since) and not _is_nothing(model, event):
            yield event


def is_fastapi(model: Model, event: Event) -> bool:
    """Is the event registered with a class of FastAPI, not of Starlette itself?"""
    names = (attributes.type_name(model, owner) for owner in event.owners)
    return any(base.startswith("fastapi.") for name in names if name for base in ancestry(name))


def is_removed(model: Model, event: Event) -> bool:
    """Did Starlette 1.0 remove what registers the event, and is the project's Starlette no older one?"""
    declared = model.project.declared(model.linted.path)
    if is_fastapi(model, event):
        if not (_inherited(event) and declared.may_be_at_least("fastapi", "0.133")):
            return False
    return declared.may_be_at_least("starlette", "1.0") and not declared.may_be_below(
        "starlette", "1.0"
    )


def _inherited(event: Event) -> bool:
    """FastAPI has all but `FastAPI.add_event_handler` of its own."""
    return event.name == "fastapi.FastAPI.add_event_handler"


def replacement(model: Model, event: Event) -> Lifespans | None:
    """The lifespan that takes the place of what would run the handlers; None where they may run."""
    found = [_replacing(model, owner, event, 0) for owner in event.owners]
    return found[0] if found and all(found) else None


def _replacing(model: Model, owner: Value, event: Event, depth: int) -> Lifespans | None:
    own = lifespans_of(model, owner)
    is_dead = own.certain and not _are_run_by(model, owner, own, event)
    if attributes.kind_of(model, owner) is Kind.APP:
        return own if is_dead else None
    around = [] if own.unknown or depth > _NESTED else list(_includes(model, owner))
    found: list[Lifespans | None] = []
    for include in around:
        for including in include.including:
            if is_dead:
                outer = _replacing(model, including, event, depth + 1)
                found.append(own if outer else None)
            else:
                found.append(_assigned_after(model, including, include, event))
    return found[0] if found and all(found) else None


def _assigned_after(
    model: Model, including: Value, include: Include, event: Event
) -> Lifespans | None:
    """The lifespan that replaces, after the include, the one that the include merged."""
    for assignment in assignments(model, including):
        if (
            assignment.always
            and assignment.block is include.block
            and position(assignment.node) > position(include.node)
        ):
            given = lifespans_of(model, including)
            if given.certain and not _are_run_by(model, including, given, event):
                return given
    return None


def _includes(model: Model, router: Value) -> Iterator[Include]:
    """Where the files at hand include a router."""
    for module in files(model, "include_router"):
        for include in includes_in(model, module):
            if any(is_same(value, router) for value in include.included):
                yield include


def includes_in(model: Model, module: Module) -> Iterator[Include]:
    """The includes of a file, each once for every activation of its function."""
    for call, block in module.calls():
        if not (isinstance(call.func, ast.Attribute) and call.func.attr == "include_router"):
            continue
        given = call.args[0] if call.args else None
        given = next((k.value for k in call.keywords if k.arg == "router"), given)
        for frame in calls.activations_of(model, block):
            owners = model.values(call.func.value, frame)
            including = frozenset(app_of(model, owner) for owner in owners)
            yield Include(including, model.values(given, frame), call, block)


def _are_run_by(model: Model, owner: Value, lifespans: Lifespans, event: Event) -> bool:
    """Does a lifespan run the handlers itself: from the app's lists, through the former lifespan, or by name?"""
    if any(_wraps_former(model, value) for value in lifespans.values):
        return True
    owners = [owner, *event.owners]
    handlers = {handler.block for handler in event.handlers}
    waiting, seen = [*lifespans.frames, *special_frames(model, lifespans)], set[Block]()
    while waiting and len(seen) < _MOST_STEPS:
        frame = waiting.pop()
        if frame.block in seen:
            continue
        seen.add(frame.block)
        if any(_runs(model, node, frame, handlers, owners) for node in frame.block.nodes):
            return True
        waiting += [step.callee for step in calls.steps(model, frame, bool)]
    return False


def _runs(
    model: Model, node: ast.AST, frame: Frame, handlers: set[Block], owners: list[Value]
) -> bool:
    if not isinstance(node, ast.Name | ast.Attribute) or not isinstance(node.ctx, ast.Load):
        return False
    if isinstance(node, ast.Attribute) and node.attr in _RUNNERS:
        return _may_be(model, node.value, frame, owners)
    values = model.values(node, frame)
    if any(_is_former_lifespan(model, value) for value in values):
        return True
    return bool(handlers) and any(f.block in handlers for f in calls.functions_in(model, values))


def _may_be(model: Model, node: ast.expr, frame: Frame, owners: list[Value]) -> bool:
    """Can an expression be one of the apps or routers? `x.router` can, when nothing is known of `x`."""
    apps = [app_of(model, v) for v in model.values(node, frame) if is_starlette(model, v)]
    if not apps:
        return isinstance(node, ast.Attribute) and node.attr == "router"
    return any(getattr(a, "declared", False) or any(is_same(a, o) for o in owners) for a in apps)


def _wraps_former(model: Model, value: Value) -> bool:
    """Is the lifespan made by a library out of the one that was there before?"""
    if not isinstance(value, Made) or value.call is None or value.frame is None:
        return False
    given = [*value.call.args, *(keyword.value for keyword in value.call.keywords)]
    return any(_is_former_lifespan(model, v) for a in given for v in model.values(a, value.frame))


def _is_former_lifespan(model: Model, value: Value) -> bool:
    match value:
        case Bound(receiver, "lifespan_context"):
            return is_starlette(model, receiver)
        case Library(name):
            return name.endswith("._DefaultLifespan")
    return False


def _is_nothing(model: Model, event: Event) -> bool:
    """Is the keyword given nothing: `on_startup=None`?"""
    if not isinstance(event.node, ast.keyword):
        return False
    return model.values(event.node.value, model.frame(event.block)) == {Constant(None)}
