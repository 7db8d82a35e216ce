"""All handlers of one app, if they are in sight: one that stayed outside of its lifespan would never run again."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from ..model import attributes, calls, invocation
from ..model.apps import app_of, files, is_same, site_of
from ..model.event_runs import includes_in
from ..model.events import EVENT_WORDS, Event, events_in, events_of
from ..model.inference import Model
from ..model.knowledge import Kind
from ..model.scopes import Block, Module
from ..model.values import Frame, Func, Made
from . import CannotFix
from .draft import Draft
from .mentions import refuse_mentions

_RUN_BY_HAND = re.compile(r"\.router\.(_?startup|_?shutdown|on_startup|on_shutdown)\b")
_REGISTERING = {
    "fastapi_mqtt.FastMQTT.init_app",
    "tortoise.contrib.fastapi.register_tortoise",
    "tortoise.contrib.starlette.register_tortoise",
}
"""Functions of libraries that register handlers on the app that they are given."""

_NESTS_SINCE = "0.112.2"
_MOST_STEPS = 300


def all_handlers(draft: Draft, app: Made, block: Block) -> tuple[list[Event], Block]:
    """All registrations of the app that is made in `block`, and the one block that they are in."""
    model = draft.model
    if block.is_class:
        raise CannotFix("the app is made in the body of a class")
    found = [*events_of(model, app)]
    for event in found:
        if event.block.module is not model.linted:
            where = f"{event.block.module.display}:{event.node.lineno}"
            raise CannotFix(f"{where} registers a handler as well")
        if not _is_certain(model, event, app):
            raise CannotFix("whether the handlers are on this app alone is not certain")
    refuse_handlers_elsewhere(model, app)
    _refuse_old_routers(model, app)
    return found, _home(draft, found, block)


def _home(draft: Draft, events: Sequence[Event], block: Block) -> Block:
    """The one block that registers the handlers: that of the construction, or the module that calls its factory."""
    homes = {event.block for event in events}
    if homes == {block}:
        return block
    for home in homes:
        if home.is_function and home is not block:
            raise CannotFix(f"{home.name}() registers handlers, apart from the app")
    if len(homes) > 1 or block.parent not in homes:
        raise CannotFix(f"handlers are registered outside of {block.name}(), which makes the app")
    refuse_mentions(draft, block, allowed=1)
    return homes.pop()


def refuse_handlers_elsewhere(model: Model, app: Made) -> None:
    """Refuse an app on which code out of sight, or an importing file, registers handlers or runs them by hand."""
    _refuse_hidden(model, app)
    _refuse_importing(model, app)


def _refuse_hidden(model: Model, app: Made) -> None:
    """Refuse where a function is given the app, and says the words of a registration."""
    for call, block in model.linted.calls():
        frame = model.frame(block)
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        if not any(_is_app(model, node, frame, app) for node in given):
            continue
        for callee in model.values(call.func, frame):
            if invocation.callee_name(model, callee) in _REGISTERING:
                raise CannotFix(f"{ast.unparse(call.func)}() registers handlers as well")
            if isinstance(callee, Func) and _may_register(model, callee):
                raise CannotFix(f"{callee.block.name}() may register handlers as well")


def _is_certain(model: Model, event: Event, app: Made) -> bool:
    """Can what registers the handler belong to no other app?"""
    node = event.node
    if isinstance(node, ast.keyword):
        return len({site_of(owner) for owner in event.owners}) == 1
    method = node.func if isinstance(node, ast.Call) else node
    if not isinstance(method, ast.Attribute):
        return False
    values = model.values(method.value, model.frame(event.block))
    return all(is_same(app_of(model, value), app) for value in values)


def _is_app(model: Model, node: ast.expr, frame: Frame, app: Made) -> bool:
    if not isinstance(node, ast.Name | ast.Attribute):
        return False
    return any(is_same(app_of(model, value), app) for value in model.values(node, frame))


def _may_register(model: Model, function: Func) -> bool:
    waiting, seen = [calls.entry(model, function)], set[Block]()
    while waiting and len(seen) < _MOST_STEPS:
        frame = waiting.pop()
        if frame.block in seen:
            continue
        seen.add(frame.block)
        if not frame.block.words.isdisjoint(EVENT_WORDS):
            return True
        waiting += [step.callee for step in calls.steps(model, frame, bool)]
    return False


def _refuse_importing(model: Model, app: Made) -> None:
    """Refuse where a file that imports this one registers handlers too, or anybody runs them by hand."""
    if _RUN_BY_HAND.search(model.linted.source.text):
        raise CannotFix("the handlers are run, or listed, by hand")
    for module in _importing(model):
        if _RUN_BY_HAND.search(module.source.text):
            raise CannotFix(f"{module.display} runs the handlers by hand")
        for event in events_in(model, module):
            if any(is_same(owner, app) for owner in event.owners):
                raise CannotFix(f"{module.display}:{event.node.lineno} registers a handler as well")


def _importing(model: Model) -> Iterator[Module]:
    """The files that reach this one by imports, and say a word of events."""
    project, path = model.project, model.linted.path
    for other in project.files:
        if other != path and not project.identifiers(other).isdisjoint(
            {*EVENT_WORDS, "startup", "shutdown"}
        ):
            if path in project.closure(other):
                module = project.module(other)
                if module is not None:
                    yield module


def _refuse_old_routers(model: Model, app: Made) -> None:
    """Refuse what FastAPI did not do before it ran the lifespans of included routers."""
    declared = model.project.declared(model.linted.path)
    if not declared.may_be_below("fastapi", _NESTS_SINCE):
        return
    if attributes.kind_of(model, app) is Kind.ROUTER:
        if app.type.startswith("fastapi."):
            raise CannotFix(f"FastAPI before {_NESTS_SINCE} does not run the lifespan of a router")
        return
    for module in files(model, "include_router"):
        for include in includes_in(model, module):
            if any(is_same(one, app) for one in include.including):
                for router in include.included:
                    if any(True for _ in events_of(model, router)):
                        raise CannotFix(
                            f"FastAPI before {_NESTS_SINCE} runs no handlers of a router beside a lifespan"
                        )
