"""Where engines are made, and what speaks for making one there."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from . import attributes, injection, invocation, passing
from .bindings import Iterated
from .calls import Interesting, is_spared
from .flow import in_part, is_tested_and_kept
from .knowledge import CACHES, CREATOR_WORDS, Kind
from .spelling import argument_of
from .trails import Trails
from .values import Constant, Frame, Func, Library, Made

if TYPE_CHECKING:
    from .inference import Model
    from .scopes import Block, Module

CREATION_WORDS = CREATOR_WORDS
_MOST_NAMES = 150
_INPUT = frozenset({"flask.request", "quart.request", "starlette.Request"})


def names_that_lead_to_creations(model: Model, steps: int | None = None) -> frozenset[str]:
    """The names by which the linted file can get to a creation of an engine that runs at each call.

    With `steps` those from which it is only so many calls.
    """
    project = model.project
    trails = project.trails.get(CREATOR_WORDS)
    if trails is None:
        trails = Trails(project, CREATOR_WORDS, starts=_functions_that_create, most=_MOST_NAMES)
        project.trails[CREATOR_WORDS] = trails
    return trails.names(model.linted.path, steps)


def leads_to_creations(model: Model) -> Callable[[int], Interesting]:
    """What may get to a creation of an engine in so many calls, by the names that it spells."""
    creators = model.linted.spellings(*CREATOR_WORDS)

    @functools.cache
    def within(calls: int) -> Interesting:
        words = names_that_lead_to_creations(model, calls - 1) | creators
        return lambda spelled: not words.isdisjoint(spelled)

    return within


def _functions_that_create(module: Module) -> Iterator[Block]:
    """The functions that make an engine each time they run, as far as the code's words tell."""
    creators = module.spellings(*CREATOR_WORDS)
    for block in module.functions():
        if creators.isdisjoint(block.words) or _has_cache_above(block):
            continue
        for call in block.calls:
            if called_name(call) in creators and not is_tested_and_kept(block, call):
                yield block
                break


def _has_cache_above(block: Block) -> bool:
    decorators = getattr(block.node, "decorator_list", ())
    names = {
        n.attr if isinstance(n, ast.Attribute) else getattr(n, "id", "")
        for d in decorators
        for n in ast.walk(d)
    }
    return not names.isdisjoint(("cache", "lru_cache", "cached_property", "cached"))


def called_name(call: ast.Call) -> str | None:
    """The last word of what is called: `engine` for `db.engine()`."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else None


def creations_in(model: Model, frame: Frame) -> Iterator[Made]:
    """The engines that a function's own code makes each time it runs: not those that it keeps after a test."""
    creators = frame.block.module.spellings(*CREATOR_WORDS)
    for call in frame.block.calls:
        if called_name(call) not in creators:
            continue
        for value in model.values(call, frame):
            if isinstance(value, Made) and value.call is call:
                if attributes.kind_of(model, value) is Kind.ENGINE:
                    if not is_tested_and_kept(frame.block, call):
                        if not is_spared(model, call, frame):
                            yield value


def is_made_once(model: Model, function: Func) -> bool:
    """Is the function behind a cache, or a provider of a container whose scope outlives the request?"""
    if not invocation.decorators(model, function).isdisjoint(CACHES):
        return True
    return _is_scoped_to_request(model, function) is False


def is_made_per_request(model: Model, function: Func) -> bool:
    """Is the function a provider that a container calls for each request?"""
    return _is_scoped_to_request(model, function) is True


def _is_scoped_to_request(model: Model, function: Func) -> bool | None:
    """What the scope of a container's provider says; None for other functions."""
    node = function.block.node
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    for decorator in node.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        for value in model.values(target, function.closure):
            name = invocation.callee_name(model, value)
            if name is not None and name.startswith("dishka."):
                return _has_request_scope(decorator, function.block)
    return None


def _has_request_scope(decorator: ast.expr, provider: Block) -> bool:
    """Does the provider, or its class with `scope = …`, say that it is called once per request?"""
    scopes = [k.value for k in getattr(decorator, "keywords", ()) if k.arg == "scope"]
    if not scopes and provider.method_of is not None:
        bindings = provider.method_of.bindings.get("scope", ())
        scopes = [getattr(binding.node, "value", None) for binding in bindings]
    return any(isinstance(scope, ast.Attribute) and scope.attr == "REQUEST" for scope in scopes)


def has_no_pool(model: Model, engine: Made) -> bool:
    """Is the engine made with `poolclass=NullPool`?"""
    pool = passing.argument_values(model, engine, "poolclass")
    return pool is not None and Library("sqlalchemy.NullPool") in pool


def is_exception(model: Model, engine: Made, frame: Frame) -> bool:
    """Is it an engine without a pool that a condition makes, instead of another one: in a worker, in tests?"""
    assert engine.call is not None
    return has_no_pool(model, engine) and any(
        isinstance(ancestor, ast.If | ast.IfExp) for ancestor in frame.block.ancestors(engine.call)
    )


def is_for_input_and_ended(model: Model, engine: Made, frame: Frame) -> bool:
    """Is the URL (as far as can be told) the user's input, and the engine gone when the function ends?"""
    if not has_no_pool(model, engine) and not _is_disposed_in_finally(engine, frame):
        return False
    assert engine.call is not None
    url = argument_of(engine.call, "url", 0)
    return url is not None and not _is_fixed(model, url, frame, 0)


def _is_disposed_in_finally(engine: Made, frame: Frame) -> bool:
    block = frame.block
    statement = block.statement(engine.call) if engine.call else None
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        return False
    name = statement.targets[0].id
    for call in block.calls:
        match call.func:
            case ast.Attribute(value=ast.Name(id=owner), attr="dispose") if owner == name:
                if any(
                    in_part(block, call, ancestor, "finalbody")
                    for ancestor in block.ancestors(call)
                    if isinstance(ancestor, ast.Try)
                ):
                    return True
            case ast.Attribute(attr="callback" | "push_async_callback"):
                for argument in call.args:
                    if isinstance(argument, ast.Attribute) and argument.attr == "dispose":
                        return True
    return False


def _is_fixed(model: Model, expression: ast.expr, frame: Frame, depth: int) -> bool:
    """Does the expression come from constants, settings and globals alone?"""
    if depth > 6:
        return False
    for node in ast.walk(expression):
        if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
            continue
        if any(isinstance(v, Library) and v.name in _INPUT for v in model.values(node, frame)):
            return False
        parameter = frame.block.parameters.get(node.id)
        if parameter is not None:
            if not _is_fixed_parameter(model, node.id, frame, depth):
                return False
            continue
        for binding in frame.block.bindings.get(node.id, ()):
            if isinstance(binding.origin, Iterated):
                looped = binding.origin.iterable
                found = any(isinstance(part, ast.Call) for part in ast.walk(looped))
                if found or not _is_fixed(model, looped, frame, depth + 1):
                    return False  # what is there at the moment: files, tenants
            value = getattr(binding.node, "value", None)
            if isinstance(value, ast.expr) and not _is_fixed(model, value, frame, depth + 1):
                return False
    return True


def _is_fixed_parameter(model: Model, name: str, frame: Frame, depth: int) -> bool:
    parameter = frame.block.parameters[name]
    if parameter.default is not None and frame.closure is not None:
        injected = injection.dependency(model, parameter.default, frame.closure, None)
        if injected is not None:
            return True
    call = frame.call
    if isinstance(call, ast.Call) and frame.caller is not None:
        given = argument_of(call, name, parameter.index)
        if given is not None:
            return _is_fixed(model, given, frame.caller, depth + 1)
    passed = frame.argument(name)
    return passed is not None and all(isinstance(value, Constant) for value in passed)
