"""Disposals of async engines that never happen: nobody awaits what `dispose()` gives."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import attributes, calls
from .apps import is_starlette
from .disposal import WORD
from .events import events
from .inference import known
from .knowledge import Kind
from .scopes import Block
from .spelling import arguments
from .values import Made

if TYPE_CHECKING:
    from .inference import Model

_DROPS = {
    "contextlib.ExitStack.callback": "use push_async_callback() of an AsyncExitStack",
    "contextlib.AsyncExitStack.callback": "use push_async_callback()",
    "atexit.register": "dispose it before the event loop ends",
    "weakref.finalize": "dispose it before the event loop ends",
    "signal.signal": "dispose it in the event loop",
    "asyncio.AbstractEventLoop.add_signal_handler": "dispose it in a task",
    "asyncio.AbstractEventLoop.call_soon": "dispose it in a task",
    "asyncio.AbstractEventLoop.call_later": "dispose it in a task",
}
"""What calls a function and drops its result; and what to do instead."""
_AWAITS = frozenset({"contextlib.AsyncExitStack.push_async_callback"})


@dataclass(frozen=True, slots=True)
class Unawaited:
    """A `dispose()` that nobody awaits, or the call that registers one; the engine, and what to do about it."""

    node: ast.Call
    engine: Made
    owner: str
    advice: str


def unawaited(model: Model) -> Iterator[Unawaited]:
    """The disposals of async engines in the linted file that come to nothing, in the order of the text."""
    for block in model.linted.blocks():
        if WORD not in block.words:
            continue
        for node in block.nodes:
            if isinstance(node, ast.Attribute) and node.attr == WORD:
                found = _fault(model, node, block)
                engine = _engine(model, node, block) if found else None
                if found and engine:
                    yield Unawaited(found[0], engine, ast.unparse(node.value), found[1])


def is_dropped(model: Model, call: ast.Call, block: Block) -> bool:
    """Does nobody get what a call gives?"""
    inner: ast.AST = call
    for outer in block.ancestors(call):
        match outer:
            case ast.Expr():
                return True
            case ast.BoolOp(values=[*_, last]) if last is inner:
                pass
            case ast.IfExp(test=test) if test is not inner:
                pass
            case ast.ListComp(elt=element) if element is inner:
                pass
            case ast.Return() if isinstance(block.node, ast.FunctionDef):
                return _is_handler(model, block)
            case _:
                break
        inner = outer
    lambda_ = block.node
    if isinstance(lambda_, ast.Lambda) and lambda_.body is inner and block.parent is not None:
        return _drops_result(model, lambda_, block.parent)
    return False


def _is_handler(model: Model, function: Block) -> bool:
    """Is a plain function an event handler of Starlette or FastAPI, which await coroutine functions only?"""
    return any(
        handler.block is function
        for event in events(model)
        if all(is_starlette(model, owner) for owner in event.owners)
        for handler in event.handlers
    )


def _fault(model: Model, node: ast.Attribute, block: Block) -> tuple[ast.Call, str] | None:
    """The call to report and the advice; None where all seems well. Nothing is known yet of the object."""
    parent = block.parents.get(node)
    if isinstance(parent, ast.Call) and parent.func is node:
        taker = block.parents.get(parent)
        if isinstance(taker, ast.Call) and parent in arguments(taker):
            names = set(calls.names_of(model, model.values(taker.func, model.frame(block))))
            if names & (_DROPS.keys() | _AWAITS):
                return parent, "pass the method, without calling it"
        if _is_in_event(model, parent, block):
            return parent, "pass the method, without calling it"
        return (parent, "await it") if is_dropped(model, parent, block) else None
    call = _taker(model, node, block)
    if call is None:
        return None
    for name in calls.names_of(model, model.values(call.func, model.frame(block))):
        if name in _DROPS:
            return call, _DROPS[name]
    return None


def _taker(model: Model, node: ast.expr, block: Block) -> ast.Call | None:
    """The call that gets a function as an argument, through `partial()` too."""
    call = block.parents.get(node)
    if isinstance(call, ast.keyword):
        call = block.parents.get(call)
    if not isinstance(call, ast.Call) or call.func is node:
        return None
    names = calls.names_of(model, model.values(call.func, model.frame(block)))
    return _taker(model, call, block) if "functools.partial" in names else call


def _drops_result(model: Model, lambda_: ast.Lambda, block: Block) -> bool:
    """Is a lambda given to something that calls it and drops the result?"""
    call = _taker(model, lambda_, block)
    if call is not None:
        names = calls.names_of(model, model.values(call.func, model.frame(block)))
        if any(name in _DROPS for name in names):
            return True
    inner = block.inner.get(lambda_)
    return inner is not None and _is_handler(model, inner)


def _is_in_event(model: Model, call: ast.Call, block: Block) -> bool:
    """Is what a call gives registered as an event handler?"""
    taker = block.parents.get(call)
    if isinstance(taker, ast.List | ast.Tuple):
        taker = block.parents.get(taker)
    if not isinstance(taker, ast.keyword | ast.Call):
        return False
    return any(
        event.node is taker
        for event in events(model)
        if all(is_starlette(model, owner) for owner in event.owners)
    )


def _engine(model: Model, node: ast.Attribute, block: Block) -> Made | None:
    """The engine, if what is disposed is an async one, whatever it is."""
    found: set[Made] = set()
    for frame in calls.activations_of(model, block):
        for value in known(model.values(node.value, frame)):
            if not isinstance(value, Made) or not attributes.is_async(model, value):
                return None
            if attributes.kind_of(model, value) is not Kind.ENGINE:
                return None
            found.add(value)
    return min(found, key=lambda engine: engine.site, default=None)
