"""Launches: which functions start something that runs beside them, by the words that they spell."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import calls
from .knowledge.threads import AWAITED
from .scopes import Block
from .values import Frame
from .work import activations, given_call

if TYPE_CHECKING:
    from .inference import Model


class Launches:
    """Looks for functions that spell one of `names`, in files of which the text holds one of `signs`."""

    def __init__(self, model: Model, names: tuple[str, ...], signs: tuple[str, ...]) -> None:
        self._model = model
        self._names = names
        self._signs = signs
        self._helpers = frozenset(self._find_helpers())

    def may_be_in(self, block: Block) -> bool:
        """Does the function spell one of the names itself?"""
        return not block.words.isdisjoint(block.module.spellings(*self._names))

    def handed_on(self, frame: Frame) -> Iterator[tuple[ast.Call, Frame]]:
        """The calls by which a function gives something to a helper that may launch, and what they activate."""
        if self._helpers.isdisjoint(frame.block.words):
            return
        model = self._model
        spelled = self._helpers | model.linted.spellings(*self._helpers)
        for call in frame.block.calls:
            for made in self._calls_made(call, frame, spelled):
                for activation in activations(model, made, frame):
                    if self.may_be_in(activation.block):
                        yield call, activation

    def _calls_made(
        self, call: ast.Call, frame: Frame, spelled: frozenset[str]
    ) -> Iterator[ast.Call]:
        """The call, if it is one of a helper, or the call that a thread makes: `await to_thread(helper, session)`."""
        if _last_name(call.func) in spelled:
            if call.args or call.keywords:
                yield call
        elif any(_last_name(argument) in spelled for argument in call.args[:1]):
            names = set(calls.names_of(self._model, self._model.values(call.func, frame)))
            if not names.isdisjoint(AWAITED):
                yield given_call(call.args[0], call.args[1:], call.keywords, call)

    def _find_helpers(self) -> Iterator[str]:
        """The names of launching functions at hand, as far as the linted file can spell them."""
        project, linted = self._model.project, self._model.linted.path
        for path in project.saying(linted, *self._signs):
            source = project.source(path)
            if source is not None and _may_launch(source.text, self._names, self._signs):
                module = project.module(path)
                names = module.functions_saying(*self._names) if module else frozenset[str]()
                yield from names & project.identifiers(linted)


def _last_name(node: ast.expr) -> str | None:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


@functools.lru_cache(maxsize=2048)
def _may_launch(text: str, names: tuple[str, ...], signs: tuple[str, ...]) -> bool:
    return any(sign in text for sign in signs) and any(f"{name}(" in text for name in names)
