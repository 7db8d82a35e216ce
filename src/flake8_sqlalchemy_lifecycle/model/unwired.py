"""Lifespans that no app is given: functions that look like one, and that nothing refers to."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import attributes, invocation
from .answering import answers
from .apps import is_starlette, site_of
from .lifespans import is_lifespan, lifespans_of
from .lives import Life, lives
from .resumed import is_resumed
from .scopes import Block
from .values import Constant, Func, Mapping, Site, Value

if TYPE_CHECKING:
    from ..catalogue import Place
    from .inference import Model


@dataclass(frozen=True, slots=True)
class Unwired:
    """A lifespan that nothing refers to, and the site of an app without one that this file builds."""

    block: Block
    app: Site

    @property
    def place(self) -> Place:
        """The `def` of the lifespan."""
        return self.block.node  # type: ignore[return-value]


def unwired(model: Model) -> Iterator[Unwired]:
    """The lifespans of the linted file that nothing refers to, where the file builds an app that has none."""
    forgotten = [b for b in model.linted.functions() if _is_forgotten(model, b)]
    if not forgotten:
        return
    bare = next(apps_without(model), None)
    site = site_of(bare) if bare is not None else None
    if site is not None:
        for block in forgotten:
            yield Unwired(block, site)


def apps_without(model: Model) -> Iterator[Value]:
    """The apps of the linted file that run by themselves, could take a lifespan, and have none on any way."""
    for life in lives(model):
        if life.app is not None and _has_none(model, life):
            yield life.app


def _is_forgotten(model: Model, block: Block) -> bool:
    return (
        isinstance(block.node, ast.AsyncFunctionDef)
        and bool(block.node.decorator_list)
        and block.method_of is None
        and not _is_referred_to(model, block)
        and _is_state_lifespan(model, block)
    )


def _is_state_lifespan(model: Model, block: Block) -> bool:
    """Is it a lifespan, by its decorator, its one parameter, and by yielding nothing or a mapping?"""
    assert block.parent is not None
    names = invocation.decorators(model, Func(block, model.frame(block.parent)))
    if names != {"contextlib.asynccontextmanager"}:
        return False
    if not is_lifespan(model, block) or is_resumed(model, block):
        return False
    frame = model.frame(block)
    return all(
        isinstance(value, Mapping) or value == Constant(None)
        for node in block.yields
        if node.value is not None
        for value in model.values(node.value, frame)
    )


def _is_referred_to(model: Model, block: Block) -> bool:
    """Is its name read, exported or looked up in this file, or said in a file that imports this one?"""
    linted = model.linted
    for around in linted.blocks():
        for node in around.nodes:
            match node:
                case ast.Name(id=name, ctx=ast.Load()):
                    pass
                case ast.Constant(value=str() as name):
                    pass
                case _:
                    continue
            if name == block.name:
                return True
    return any(
        block.name in model.project.identifiers(path)
        and linted.path in model.project.imported(path)
        for path in model.project.around(linted.path)
        if path != linted.path
    )


def _has_none(model: Model, life: Life) -> bool:
    """Is it the life of an app that runs by itself, could take a lifespan, and has none on any way?"""
    if life.app is None or life.unknown or not _takes_lifespan(model, life.app):
        return False
    given = lifespans_of(model, life.app)
    return given.values == {Constant(None)} and answers(model, life)


def _takes_lifespan(model: Model, app: Value) -> bool:
    return is_starlette(model, app) or attributes.type_name(model, app) == "litestar.Litestar"
