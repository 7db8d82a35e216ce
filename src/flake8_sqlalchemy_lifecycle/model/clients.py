"""Test clients: whose app they call, whether anybody enters them, and what the app then lacks."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import attributes, calls
from .apps import app_of, is_starlette
from .events import events_of
from .flow import is_tested_and_kept
from .inference import known
from .knowledge import Kind, Role
from .lifespans import lifespans_of
from .scopes import Block, Module
from .spelling import last_name
from .startup import engines_made
from .values import Frame, Made, Mapping, Site, Value

if TYPE_CHECKING:
    from .inference import Model

_CLIENT = "starlette.TestClient"
_REQUESTS = frozenset(
    "get post put patch delete options head request stream websocket_connect".split()
)
_ENTERS = frozenset(
    {"enter_context", "enter_async_context", "enterContext", "enterClassContext", "__enter__"}
)
_SETS_UP = ("dependency_overrides", "LifespanManager", "lifespan_context", ".state.", "app.state")
"""A test that says one of these gives the app itself what its lifespan would have."""
_SETTING = frozenset({"dependency_overrides", "LifespanManager", "lifespan_context", "state"})
_DEEPEST = 3


@dataclass(frozen=True, slots=True)
class Unentered:
    """A test client that makes requests and is never entered; the function that does not run, and what it would do."""

    node: ast.Call
    start: Block
    does: str


def unentered(model: Model) -> Unentered | None:
    """The first test client of the linted file whose requests find an app that was never started."""
    if _sets_up(model):
        return None
    for call, block in model.linted.calls():
        if last_name(call.func) in model.linted.renamed or last_name(call.func) == "TestClient":
            if _CLIENT in calls.names_of(model, model.values(call.func, model.frame(block))):
                found = _without_start(model, call, block)
                if found is not None:
                    return found
    return None


def _sets_up(model: Model) -> bool:
    """Does the file, or a conftest beside or above it, stand in for the lifespan?"""
    around = model.project.around(model.linted.path)
    for path in (model.linted.path, *(p for p in around if os.path.basename(p) == "conftest.py")):
        source = model.project.source(path)
        if source is not None and any(word in source.text for word in _SETS_UP):
            module = model.project.module(path)
            if module is None or module is model.linted or _may_reach(model, module):
                return True
    return False


def _may_reach(model: Model, conftest: Module) -> bool:
    """May what a conftest sets up be there for the tests of the linted file?

    Not where only fixtures do so, and the file asks for nothing of the conftest.
    """
    if conftest.may_say("autouse", "pytest_", "name=", "usefixtures"):
        return True
    names = {node.id for node in conftest.block.nodes_of(ast.Name)}
    names |= {node.attr for node in conftest.block.nodes_of(ast.Attribute)}
    if not names.isdisjoint(_SETTING):
        return True
    asked = model.project.identifiers(model.linted.path)
    return any(block.name in asked for block in conftest.functions())


def _without_start(model: Model, call: ast.Call, block: Block) -> Unentered | None:
    client = _Client(model, call, block)
    if client.is_entered() or not client.is_used():
        return None
    given = call.args[0] if call.args else None
    given = next((k.value for k in call.keywords if k.arg == "app"), given)
    apps = known(model.values(given, model.frame(block))) if given is not None else ()
    for value in apps:
        app = app_of(model, value)
        if not is_starlette(model, app) or getattr(app, "declared", False):
            return None
        starts = [(frame, _effect(model, frame, 0)) for frame in _starts(model, app)]
        if len(lifespans_of(model, app).values) > 1 and any(does is None for _, does in starts):
            return None  # which of them it has is not known
        for frame, does in starts:
            if does is not None:
                return Unentered(call, frame.block, does)
    return None


def _starts(model: Model, app: Value) -> Iterator[Frame]:
    """What the app runs at its start, where that is known."""
    given = lifespans_of(model, app)
    if given.unknown or (given.frames and not given.certain):
        return
    yield from given.frames
    if not given.frames:
        for event in events_of(model, app):
            if event.role is Role.STARTUP:
                yield from (calls.entry(model, handler) for handler in event.handlers)


def _effect(model: Model, frame: Frame, depth: int) -> str | None:
    """What requests miss when the start did not run: an engine, or things on the state."""
    engine = next(iter(engines_made(model, frame)), None) if depth == 0 else None
    if engine is not None:
        return "makes an engine"
    for node in frame.block.nodes:
        match node:
            case ast.Attribute(value=ast.Attribute(attr="state", value=owner), ctx=ast.Store()):
                if is_tested_and_kept(frame.block, node):
                    continue  # who needs it makes it
                values = model.values(owner, frame)
                if any(attributes.kind_of(model, v) is Kind.APP for v in values):
                    return f"sets app.state.{node.attr}"
            case ast.Yield(value=value) if value is not None and depth == 0:
                given = model.values(value, frame)
                if any(isinstance(v, Mapping) and v.entries for v in given):
                    return "fills the state"
    if depth < _DEEPEST:
        for step in calls.steps(model, frame, bool):
            if "state" in step.callee.block.words:
                found = _effect(model, step.callee, depth + 1)
                if found is not None:
                    return found
    return None


class _Client:
    """One construction of a test client, and what the file does with the object."""

    def __init__(self, model: Model, call: ast.Call, block: Block) -> None:
        self._model = model
        self._site = Site.of(call, block)
        self._fixture = self._fixture_around(block)

    def _fixture_around(self, block: Block) -> str | None:
        """The name of the pytest fixture that makes the client."""
        function = block.function
        if function is None or function.parent is None:
            return None
        frame = self._model.frame(function.parent)
        for decorator in getattr(function.node, "decorator_list", ()):
            target = decorator.func if isinstance(decorator, ast.Call) else decorator
            names = calls.names_of(self._model, self._model.values(target, frame))
            if {"pytest.fixture", "pytest_asyncio.fixture"} & set(names):
                return function.name
        return None

    def is_entered(self) -> bool:
        """Does a `with` or an exit stack of the file enter the client?"""
        for node, block in self._nodes():
            match node:
                case ast.With() | ast.AsyncWith():
                    if any(self._is_it(item.context_expr, block) for item in node.items):
                        return True
                case ast.Call(func=ast.Attribute(attr=name, value=owner)) if name in _ENTERS:
                    if any(self._is_it(given, block) for given in (owner, *node.args)):
                        return True
        return False

    def is_used(self) -> bool:
        """Does the file make a request through the client?"""
        for node, block in self._nodes():
            match node:
                case ast.Call(func=ast.Attribute(attr=name, value=owner)) if name in _REQUESTS:
                    if self._is_it(owner, block):
                        return True
        return False

    def _nodes(self) -> Iterator[tuple[ast.AST, Block]]:
        for block in self._model.linted.blocks():
            for node in block.nodes:
                yield node, block

    def _is_it(self, node: ast.expr, block: Block) -> bool:
        if isinstance(node, ast.Name) and node.id == self._fixture:
            return block.function is not None and node.id in block.function.parameters
        if not isinstance(node, ast.Name | ast.Attribute | ast.Call):
            return False
        values = self._model.values(node, self._model.frame(block))
        return any(isinstance(value, Made) and value.site == self._site for value in values)
