"""The engines that an application makes while it starts: in a lifespan before its yield, or in a startup handler."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import attributes, calls
from .creations import creations_in, names_that_lead_to_creations
from .disposal import may_be, runs_at_shutdown
from .engines import engines_behind, has_no_pool, is_in_memory
from .values import Frame, Func, Instance, Made

if TYPE_CHECKING:
    from .inference import Model

_MOST_FRAMES = 300


def engines_made(model: Model, start: Frame) -> list[Made]:
    """The engines that a lifespan or startup handler makes, itself or by what it calls, and does not end at once."""
    found: dict[Made, None] = {}
    ended: list[Made] = []
    for frame in _started(model, start):
        later = set(runs_at_shutdown(frame)) if frame is start else set()
        for engine in creations_in(model, frame):
            if engine.call not in later:
                if not has_no_pool(model, engine) and not is_in_memory(model, engine):
                    found[engine] = None
        if "dispose" in frame.block.words:
            ended += _ended(model, frame, later)
    return [engine for engine in found if not any(may_be(end, engine) for end in ended)]


def _started(model: Model, start: Frame) -> Iterator[Frame]:
    """The activations that run at start-up and may lead to the creation of an engine."""
    names = names_that_lead_to_creations(model)
    later = set(runs_at_shutdown(start))
    seen = {start}
    waiting = [start]
    while waiting and len(seen) < _MOST_FRAMES:
        frame = waiting.pop(0)
        yield frame
        nested = [
            step.callee
            for step in calls.steps(model, frame, lambda words: not names.isdisjoint(words))
            if frame is not start or step.node not in later
        ]
        for inner in (*nested, *_entered(model, frame)):
            if inner not in seen:
                seen.add(inner)
                waiting.append(inner)


def _entered(model: Model, frame: Frame) -> Iterator[Frame]:
    """The `__aenter__` of what goes onto an exit stack."""
    for call in frame.block.calls:
        match call:
            case ast.Call(
                func=ast.Attribute(attr="enter_context" | "enter_async_context"), args=[given]
            ):
                for value in model.values(given, frame):
                    if isinstance(value, Instance):
                        for name in ("__enter__", "__aenter__"):
                            for method in attributes.of_instance(model, value, value.cls, name):
                                if isinstance(method, Func):
                                    yield calls.entry(model, method)


def _ended(model: Model, frame: Frame, later: set[ast.AST]) -> Iterator[Made]:
    """The engines that start-up code disposes itself, unless only where something failed."""
    block = frame.block
    for node in block.calls:
        match node:
            case ast.Call(func=ast.Attribute(attr="dispose", value=owner)) if node not in later:
                if not any(isinstance(a, ast.ExceptHandler) for a in block.ancestors(node)):
                    for value in model.values(owner, frame):
                        yield from engines_behind(model, value)
