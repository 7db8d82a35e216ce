"""Where the value of an expression is written: what a message shows when the cause is in another place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import attributes
from .bindings import Assigned, Binding, Imported
from .scopes import Block
from .values import Cls, Frame, Instance, ProjectModule, Site

if TYPE_CHECKING:
    from .inference import Model

_LONGEST = 8


def written_at(model: Model, expression: ast.expr, frame: Frame) -> Site | None:
    """The place of the expression behind names and attributes; None where several can be meant, or none is seen."""
    found = expression_behind(model, expression, frame)
    return Site.of(found[0], found[1].block) if found is not None else None


def expression_behind(
    model: Model, expression: ast.expr, frame: Frame
) -> tuple[ast.expr, Frame] | None:
    """What names and attributes stand for; None where it can be several things, or is not seen."""
    for _ in range(_LONGEST):
        if not isinstance(expression, ast.Name | ast.Attribute):
            return expression, frame
        bindings = list(_bindings(model, expression, frame))
        for _ in range(_LONGEST):
            if len(bindings) != 1 or not isinstance(bindings[0].origin, Imported):
                break
            bindings = list(_imported(model, bindings[0].origin, bindings[0].block))
        if len(bindings) != 1:
            return None
        match bindings[0].origin:
            case Assigned(value=ast.expr() as value, path=()):
                expression, frame = value, model.frame(bindings[0].block)
            case _:
                return None
    return None


def _bindings(model: Model, expression: ast.expr, frame: Frame) -> Iterator[Binding]:
    if isinstance(expression, ast.Name):
        block: Block | None = frame.block
        while block is not None:
            found = block.reaching(expression.id, expression if block is frame.block else None)
            if found:
                yield from found
                return
            block = block.parent
    elif isinstance(expression, ast.Attribute):
        for value in model.values(expression.value, frame):
            match value:
                case ProjectModule(path):
                    yield from _exported(model, path, expression.attr)
                case Instance(cls) | (Cls() as cls):
                    for base in attributes.mro(model, cls):
                        if isinstance(base, Cls) and expression.attr in base.block.bindings:
                            yield from base.block.bindings[expression.attr]
                            break


def _imported(model: Model, imported: Imported, block: Block) -> Iterator[Binding]:
    path = model.project.resolve(block.module.path, imported.dotted, imported.level)
    if path is not None and imported.name is not None:
        yield from _exported(model, path, imported.name)


def _exported(model: Model, path: str, name: str) -> Iterator[Binding]:
    module = model.project.module(path)
    if module is not None:
        yield from module.block.bindings.get(name, ())
