"""Registries of which several tasks of an event loop, or several threads of a request, share or lose the session."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import invocation
from .calls import spelled
from .dependencies import is_dependency
from .flow import position
from .knowledge import CONTEXT_MANAGERS
from .paths import as_function
from .registries import (
    Use,
    has_own_loops,
    is_thread_local,
    names_of_registries,
    registry_of,
    shared_scope,
    uses_in,
)
from .scopes import Block
from .spelling import argument_of
from .values import Library

if TYPE_CHECKING:
    from .inference import Model

_ASYNC = "async_scoped_session"
_PARTS_IN_THREADS = ("fastapi", "starlette")


def shared_async_registries(model: Model) -> Iterator[tuple[ast.Call, str]]:
    """The calls of the linted file that make an async registry whose scope all tasks share, and that scope."""
    if not model.linted.may_say(_ASYNC):
        return
    creators = model.linted.spellings(_ASYNC)
    for call, block in model.linted.calls():
        if spelled(call) not in creators or any(isinstance(a, ast.Starred) for a in call.args):
            continue
        frame = model.frame(block)
        if Library(f"sqlalchemy.{_ASYNC}") not in model.values(call.func, frame):
            continue
        given = argument_of(call, "scopefunc", 1)
        scopes = model.values(given, frame) if given is not None else ()
        shared = [shared_scope(model, scope) for scope in scopes]
        if shared and all(shared):
            yield call, shared[0].removeprefix("builtins.")


def uses_in_async(model: Model) -> Iterator[Use]:
    """Where async functions of the linted file use thread-local registries, in the order of the text."""
    if not model.linted.may_say("async def"):
        return
    names = names_of_registries(model)
    if names.isdisjoint(model.linted.block.words) or has_own_loops(model):
        return
    found = [
        use
        for block in model.linted.functions()
        if block.is_async
        for use in uses_in(model, model.frame(block), names)
        if is_thread_local(model, use.registry)
    ]
    yield from sorted(found, key=lambda use: position(use.node))


def dependency_uses(model: Model) -> Iterator[Use]:
    """Where dependencies of the linted file, of FastAPI or Starlette, ask the registry whose session they hand out."""
    if not model.linted.may_say("yield", "Depends"):
        return
    declared = model.project.declared(model.linted.path)
    in_threads = any(declared.declares(library) for library in _PARTS_IN_THREADS)
    if not in_threads and not model.linted.may_say("Depends"):
        return
    names = names_of_registries(model)
    for block in model.linted.functions():
        if (block.yields or block.returns) and not names.isdisjoint(block.words):
            if _is_dependency(model, block, in_threads):
                yield from _handed_out(model, block, names)


def _is_dependency(model: Model, block: Block, in_threads: bool) -> bool:
    if isinstance(block.node, ast.Lambda) or block.method_of is not None:
        return False
    decorators = invocation.decorators(model, as_function(model, block))
    if decorators & CONTEXT_MANAGERS:
        return False
    shown = is_dependency(model, block)
    return bool(shown) or (shown is None and in_threads and bool(block.yields))


def _handed_out(model: Model, block: Block, names: frozenset[str]) -> Iterator[Use]:
    """The first use of the registry, or else the place where the registry itself is handed out."""
    frame = model.frame(block)
    given = [node.value for node in block.yields if node.value] or list(block.returns)
    for expression in given:
        registries = [registry_of(model, value) for value in model.values(expression, frame)]
        if not registries or not all(r and is_thread_local(model, r) for r in registries):
            continue
        registry = registries[0]
        assert registry is not None
        for use in uses_in(model, frame, names):
            if use.registry == registry and _gives_session(model, use):
                yield use
                return
        yield Use(expression, block, registry)
        return


def _gives_session(model: Model, use: Use) -> bool:
    """Is it a call of the registry itself, and not of one of its methods?"""
    values = model.values(use.node, model.frame(use.block))
    return any(registry_of(model, v) == use.registry for v in values)
