"""What Starlette and FastAPI cannot use as a lifespan, or only for now: how it is wrong, and why."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import attributes, calls, invocation
from .answering import may_hold_life
from .apps import constructed_type, given_for
from .inference import known
from .knowledge import Kind, ancestry
from .lives import lives
from .scopes import Block
from .values import (
    Cls,
    Constant,
    Coroutine,
    Frame,
    Func,
    Generator,
    Instance,
    Items,
    Library,
    Made,
    Manager,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from .inference import Model

_SYNC, _ASYNC = "contextlib.contextmanager", "contextlib.asynccontextmanager"
_PAIRS = frozenset({"keys", "__iter__", "__getitem__", "__getattr__"})


@dataclass(frozen=True, slots=True)
class WrongShape:
    """A lifespan that cannot work: the call that gets it, the function that is wrong, and what is wrong with it."""

    call: ast.Call
    function: Block
    fault: str

    @property
    def line(self) -> int:
        """The line of the function's `def`."""
        return getattr(self.function.node, "lineno", 1)


def wrong_shapes(model: Model) -> Iterator[WrongShape]:
    """The calls of the linted file that give an app or router a lifespan that it cannot use."""
    seen: set[ast.Call] = set()
    for call, block in model.linted.calls() if model.linted.may_say("lifespan") else ():
        if any(keyword.arg in ("lifespan", None) for keyword in call.keywords):
            frame = model.frame(block)
            for callee in model.values(call.func, frame):
                name = _taker(model, callee)
                if name is not None and call not in seen:
                    for wrong in _wrong(model, call, frame, name):
                        seen.add(call)
                        yield WrongShape(call, *wrong)
    yield from _given_to_factories(model, seen)


def _given_to_factories(model: Model, seen: set[ast.Call]) -> Iterator[WrongShape]:
    """`create_app(lifespan)`: the app is constructed in a function that only hands the lifespan on."""
    if not may_hold_life(model):
        return
    for life in lives(model):
        app = life.app
        if not isinstance(app, Made) or app.call is None or app.frame is None:
            continue
        if not isinstance(life.node, ast.Call) or {app.call, life.node} & seen:
            continue
        name = _taker(model, Library(app.type))
        if name is None or any(_wrong(model, app.call, model.frame(app.frame.block), name)):
            continue
        for wrong in _wrong(model, app.call, app.frame, name):
            seen.add(life.node)
            yield WrongShape(life.node, *wrong)


def _taker(model: Model, callee: Value) -> str | None:
    """The class of Starlette or FastAPI whose constructor is called."""
    if isinstance(callee, Cls):
        return None  # what its own constructor hands on is found there
    name = constructed_type(model, callee)
    if name is None or not {"starlette.Starlette", "starlette.Router"} & set(ancestry(name)):
        return None
    return name


def _wrong(model: Model, call: ast.Call, frame: Frame, taker: str) -> Iterator[tuple[Block, str]]:
    """The fault of what a constructor gets, if each thing that it can be has one."""
    wraps = any(base.startswith("fastapi.") for base in ancestry(taker))
    given = known(given_for(model, call, frame, "lifespan"))
    faults = [_fault(model, value, wraps) for value in given]
    if faults and all(faults):
        yield from (fault for fault in faults[:1] if fault)


def _fault(model: Model, value: Value, wraps: bool) -> tuple[Block, str] | None:
    match value:
        case Manager(frame) | Generator(frame) | Coroutine(frame):
            fault = "is already called: pass the function itself"
            return (frame.block, fault) if _is_named(frame.block) else None
        case Func(block) if isinstance(block.node, ast.FunctionDef | ast.AsyncFunctionDef):
            fault_of = _fault_of_function(model, value, wraps)
            return (block, fault_of) if fault_of else None
    return None


def _is_named(block: Block) -> bool:
    return isinstance(block.node, ast.FunctionDef | ast.AsyncFunctionDef)


def _fault_of_function(model: Model, function: Func, wraps: bool) -> str | None:
    block = function.block
    node = block.node
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    names = invocation.decorators(model, function) | set(function.wrappers)
    if _SYNC in names:
        return "is a sync context manager: use asynccontextmanager"
    if names == {_ASYNC}:
        if not block.yields:
            return "never yields: it is no context manager"
        if not block.is_async:
            return "is a sync generator: make it an async def"
    elif names or node.decorator_list:
        return None
    elif not block.yields:
        return (
            "is a coroutine: let it yield once, as an asynccontextmanager"
            if block.is_async
            else None
        )
    elif not wraps:
        return "is a plain generator, which is deprecated: use asynccontextmanager"
    frame = calls.entry(model, function)
    for part in block.yields:
        if isinstance(part, ast.Yield) and part.value is not None:
            values = model.values(part.value, frame)
            if all(_is_no_mapping(model, value) for value in values):
                return f"yields {ast.unparse(part.value)}, which is no mapping"
    return None


def _is_no_mapping(model: Model, value: Value) -> bool:
    """Is it certain that a `dict` cannot be updated with the value?"""
    match value:
        case Constant(inner):
            return isinstance(inner, int | float) or (isinstance(inner, str) and inner != "")
        case Items(elements):  # a tuple of things that are no pairs
            return bool(elements) and all(
                _is_no_mapping(model, v) for element in elements for v in element
            )
        case Made():
            kind = attributes.kind_of(model, value)
            return kind is not None and kind is not Kind.SETTINGS
        case Func() | Cls():
            return True
        case Instance(cls):
            return _is_plain(model, cls)
    return False


def _is_plain(model: Model, cls: Cls) -> bool:
    """Does nothing in the class or above it make its instances look like a mapping or a sequence of pairs?"""
    for base in attributes.mro(model, cls):
        if not isinstance(base, Cls) or not isinstance(base.block.node, ast.ClassDef):
            return False
        if not _PAIRS.isdisjoint(base.block.bindings) or base.block.node.keywords:
            return False
        for expression in base.block.node.bases:
            if any(isinstance(v, Unknown) for v in model.values(expression, base.closure)):
                return False
    return True
