"""The engines that importing the linted file makes, as a side effect."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import attributes, calls
from .creations import names_that_lead_to_creations
from .dark import is_foreign
from .knowledge import CREATOR_WORDS, Kind
from .scopes import Block
from .values import Frame, Made, Unknown, Value

if TYPE_CHECKING:
    from .inference import Model

_DEEPEST = 3


@dataclass(frozen=True, slots=True)
class ImportedEngine:
    """An engine, the call at the top of the file that leads to it, and the place that is reported."""

    engine: Made
    call: ast.Call
    place: ast.Call


def imported_engines(model: Model) -> Iterator[ImportedEngine]:
    """The engines that the top level of the linted file makes, itself or by the functions and classes it calls."""
    module = model.linted
    words = {
        *module.spellings(*CREATOR_WORDS),
        *module.functions_saying(*CREATOR_WORDS),
        *names_that_lead_to_creations(model),
    }
    constructors = {
        block.method_of.name
        for block in module.functions()
        if block.method_of is not None and not words.isdisjoint(block.words)
    }
    words |= constructors
    for block in run_by_import(module.block):
        frame = model.frame(block)
        for call in block.calls:
            if calls.spelled(call) in words and not is_guarded(block, call):
                for engine in _made_by(model, call, frame, words, _DEEPEST):
                    inside = engine.site.path == module.path and engine.call is not None
                    place = engine.call if inside else call
                    yield ImportedEngine(engine, call, place or call)


def run_by_import(block: Block) -> Iterator[Block]:
    """A module's block and the bodies of its classes."""
    yield block
    for inner in block.inner.values():
        if inner.is_class:
            yield from run_by_import(inner)


def is_guarded(block: Block, call: ast.Call) -> bool:
    """Does it stand under `if __name__ == "__main__"` or `if TYPE_CHECKING`?"""
    return any(
        isinstance(ancestor, ast.If)
        and any(
            getattr(node, "id", getattr(node, "attr", "")) in ("__name__", "TYPE_CHECKING")
            for node in ast.walk(ancestor.test)
        )
        for ancestor in block.ancestors(call)
    )


def _made_by(
    model: Model, call: ast.Call, frame: Frame, words: AbstractSet[str], depth: int
) -> Iterator[Made]:
    for value in model.values(call, frame):
        if isinstance(value, Made) and value.call is call:
            if attributes.kind_of(model, value) is Kind.ENGINE:
                yield value
    if not depth:
        return
    for callee in model.values(call.func, frame):
        for activation in calls.activations(model, callee, call, frame):
            block = activation.block
            if block.is_async or block.yields:
                continue
            for inner in block.calls:
                if calls.spelled(inner) in words | block.module.spellings(*CREATOR_WORDS):
                    if calls.is_spared(model, inner, activation):
                        continue
                    yield from _made_by(model, inner, activation, words, depth - 1)


def builds_app(model: Model) -> bool:
    """Does the linted file build an application, at its top level or in a factory?"""
    return any(
        attributes.kind_of(model, value) is Kind.APP
        for call, block in model.linted.calls()
        for value in model.values(call, model.frame(block))
    )


def may_give_app(model: Model, imported: ImportedEngine) -> bool:
    """`app = create_app()`: does the call that leads to the engine give what a library that is not known has made?

    It may be a framework's application.
    """
    if imported.call is imported.engine.call:
        return False
    values = [
        value
        for block in run_by_import(model.linted.block)
        if imported.call in block.calls
        for value in model.values(imported.call, model.frame(block))
    ]
    return bool(values) and all(_is_dark(model, value) for value in values)


def _is_dark(model: Model, value: Value) -> bool:
    match value:
        case Unknown():
            return True
        case Made(type=name):
            return attributes.kind_of(model, value) is None and is_foreign(name)
    return False
