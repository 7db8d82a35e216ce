"""The lifespans that the linted file answers for, and of these the ones that an exception can reach at their yield."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import attributes, invocation, passing
from .apps import is_starlette
from .knowledge import DECORATORS, Role
from .lifespans import lifespans_of
from .lives import Life, lives
from .scopes import Block
from .values import Frame, Func

if TYPE_CHECKING:
    from ..catalogue import Place
    from .inference import Model

_THROWS = ("litestar.Litestar",)
"""Beside Starlette and FastAPI: aiohttp and Quart resume a generator, and throw nothing into it."""


def thrown_into(model: Model) -> Iterator[tuple[Frame, Place]]:
    """The lifespans into which a framework throws what is raised while they wait, each with its place in this file.

    That is its `def`; for one of another file the construction of the app.
    """
    seen: set[Block] = set()
    for life in lives(model):
        for frame in _frames(model, life):
            block = frame.block
            if block in seen:
                continue
            seen.add(block)
            if block.module is model.linted:
                yield frame, block.node  # type: ignore[misc]
            elif life.app is not None:
                yield frame, life.node  # type: ignore[misc]


def _frames(model: Model, life: Life) -> tuple[Frame, ...]:
    if life.app is None:
        return tuple(f for f in life.lifespans if not is_resumed(model, f.block))
    if is_starlette(model, life.app) or attributes.type_name(model, life.app) in _THROWS:
        return lifespans_of(model, life.app).frames
    return ()


def is_resumed(model: Model, block: Block) -> bool:
    """Is it written for a framework that only resumes its generators?"""
    if block.parent is not None:
        function = Func(block, model.frame(block.parent))
        if any(DECORATORS.get(n) is Role.LIFESPAN for n in invocation.decorators(model, function)):
            return True
    frame = model.frame(block)
    for parameter in block.parameters.values():
        for value in passing.parameter(model, parameter, frame):
            name = attributes.type_name(model, value)
            if name is not None and not is_starlette(model, value) and name not in _THROWS:
                return True
    return False
