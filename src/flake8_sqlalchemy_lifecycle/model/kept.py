"""Engines that live as long as the process: made at module level, cached, or held by an object that is."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from . import attributes, invocation
from .apps import APPS, constructed_type
from .bindings import Imported
from .engine_fates import Fate, follow
from .engines import engines_behind, has_no_pool, is_in_memory
from .flow import is_tested_and_kept
from .knowledge import CACHES, TYPES, Kind
from .scopes import Block, Module
from .spelling import last_name
from .trails import Trails
from .values import Cls, Frame, Func, Made, Value

if TYPE_CHECKING:
    from .inference import Model

ASYNC_CREATORS = ("create_async_engine", "async_engine_from_config", "AsyncEngine")


def kept_engines(model: Model, files: Iterable[str]) -> list[Made]:
    """The async engines of these files that are made once and kept: at module level, cached, or in such an object."""
    return list(dict.fromkeys(_Keeping(model, tuple(files)).engines()))


class _Keeping:
    def __init__(self, model: Model, files: tuple[str, ...]) -> None:
        self.model = model
        self.files = files
        self.seen: set[tuple[Block, Made]] = set()

    def engines(self) -> Iterator[Made]:
        for module in modules_saying(self.model, self.files, ASYNC_CREATORS):
            creators = _local_names(module, ASYNC_CREATORS)
            for call, block in module.calls():
                if last_name(call.func) not in creators:
                    continue
                for value in self.model.values(call, self.model.frame(block)):
                    if isinstance(value, Made) and self._is_made_here(value, call):
                        yield from self._kept(value, call, block)

    def _is_made_here(self, value: Made, call: ast.Call) -> bool:
        return (
            attributes.kind_of(self.model, value) is Kind.ENGINE
            and attributes.is_async(self.model, value)
            and not value.context
            and (value.call is call or last_name(call.func) == "AsyncEngine")
            and not has_no_pool(self.model, value)
            and not is_in_memory(self.model, value)
        )

    def _kept(self, engine: Made, node: ast.AST, block: Block) -> Iterator[Made]:
        """The engine, if what `node` makes stays when its function has ended."""
        function = block.function
        if function is None:
            if not _is_guarded(block, node):
                yield engine
        elif node is engine.call and self._is_local(engine, block):
            return
        elif is_cached(self.model, function):
            yield engine
        elif function.method_of is not None and not _is_on_class(function):
            yield from self._made_by(engine, function.method_of)
        elif is_tested_and_kept(block, node):
            yield engine
        else:
            yield from self._made_by(engine, function)

    def _is_local(self, engine: Made, block: Block) -> bool:
        """Has nobody the engine when its function has ended?"""
        if engine.call is None or not block.is_function:
            return False
        fates = follow(self.model, self.model.frame(block), engine.call, engine.site).fates
        return bool(fates) and fates.isdisjoint({Fate.GIVEN, Fate.KEPT})

    def _made_by(self, engine: Made, maker: Block) -> Iterator[Made]:
        """The engine, if a call of the function or class that makes it stands where the result is kept."""
        if (maker, engine) in self.seen or len(self.seen) > 40:
            return
        self.seen.add((maker, engine))
        if _names_app(maker):
            if _builds_app(self.model, maker):
                yield engine  # it lives as long as the app
            return
        for module in modules_saying(self.model, self.files, (maker.name,)):
            names = _local_names(module, (maker.name,))
            for call, block in module.calls():
                if last_name(call.func) not in names:
                    continue
                frame = self.model.frame(block)
                for callee in self.model.values(call.func, frame):
                    if self._is_call_of(callee, maker):
                        for made in self._came_out(engine, maker, call, frame):
                            yield from self._kept(made, call, block)

    def _is_call_of(self, callee: Value, maker: Block) -> bool:
        if isinstance(callee, Func):
            return callee.block is maker
        if isinstance(callee, Cls):
            bases = attributes.mro(self.model, callee)
            return any(isinstance(b, Cls) and b.block is maker for b in bases)
        return False

    def _came_out(self, engine: Made, maker: Block, call: ast.Call, frame: Frame) -> Iterator[Made]:
        """The engine as the caller sees it: two calls of one factory make two engines."""
        if maker.is_function:
            for value in self.model.values(call, frame):
                for found in engines_behind(self.model, value):
                    if found.site == engine.site:
                        yield found
                        return
        yield engine


def is_cached(model: Model, function: Block) -> bool:
    """Does a library's decorator keep what the function returns?"""
    if function.parent is None:
        return False
    names = invocation.decorators(model, Func(function, model.frame(function.parent)))
    return not names.isdisjoint(CACHES)


def _is_on_class(method: Block) -> bool:
    """Does the method work on the class itself? What it keeps, it keeps for the life of the process."""
    node = method.node
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and any(
        isinstance(d, ast.Name) and d.id in ("classmethod", "staticmethod")
        for d in node.decorator_list
    )


def _names_app(block: Block) -> bool:
    return block.is_function and not block.words.isdisjoint(APP_NAMES)


def _builds_app(model: Model, function: Block) -> bool:
    frame = model.frame(function)
    return any(
        constructed_type(model, callee) in APPS
        for call in function.calls
        for callee in model.values(call.func, frame)
    )


APP_NAMES = tuple(
    sorted({name.rpartition(".")[2] for name, known in TYPES.items() if known.kind is Kind.APP})
)
"""The names of the frameworks' applications."""


def names_of_apps(model: Model) -> frozenset[str]:
    """The names by which the linted file gets to an app: those of the frameworks, and of what makes or hands on one."""
    trails = model.project.trails.get(APP_NAMES)
    if trails is None:
        trails = model.project.trails[APP_NAMES] = Trails(model.project, APP_NAMES)
    return trails.names(model.linted.path) | model.linted.spellings(*APP_NAMES)


def _is_guarded(block: Block, node: ast.AST) -> bool:
    """Does the node stand under `if __name__ == "__main__":`?"""
    return any(
        isinstance(a, ast.If)
        and any(isinstance(n, ast.Name) and n.id == "__name__" for n in ast.walk(a.test))
        for a in block.ancestors(node)
    )


def modules_saying(model: Model, files: Iterable[str], words: tuple[str, ...]) -> Iterator[Module]:
    """The files whose text holds one of the words."""
    for path in files:
        source = model.project.source(path)
        if source is not None and any(word in source.text for word in words):
            module = model.project.module(path)
            if module is not None:
                yield module


def _local_names(module: Module, names: tuple[str, ...]) -> set[str]:
    """The names, and what the module calls them where it imports them under another one."""
    found = set(names)
    if module.may_say(" as "):
        for block in module.blocks():
            for local, bindings in block.bindings.items():
                for binding in bindings:
                    if isinstance(binding.origin, Imported) and binding.origin.name in names:
                        found.add(local)
    return found
