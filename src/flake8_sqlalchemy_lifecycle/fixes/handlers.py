"""Event handlers as statements of a lifespan: what the framework calls at the event, called there."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from ..model import calls, invocation
from ..model.knowledge.sqlalchemy import COROUTINES
from ..model.scopes import Block
from ..model.values import Bound, Func, Instance, Made, Partial, Value
from . import CannotFix
from .draft import Draft

_OF_OTHERS = {"databases.Database": frozenset({"connect", "disconnect"})}
"""Coroutine methods of libraries that the model knows nothing else of."""

_MAKE_COROUTINES = frozenset(
    f"{module}.repeat_every"
    for module in ("fastapi_utils.tasks", "fastapi_restful.tasks", "fastapi_utilities.repeat")
) | {"fastapi_utilities.repeat_every"}
"""Decorators that give a coroutine function, whatever they decorate."""

_KEEP_THE_KIND = {
    "backoff.on_exception",
    "backoff.on_predicate",
    "builtins.classmethod",
    "builtins.staticmethod",
    "fastapi.APIRouter.on_event",
    "fastapi.FastAPI.on_event",
    "loguru.logger.catch",
    "starlette.Router.on_event",
    "starlette.Starlette.on_event",
    "tenacity.retry",
}
"""Decorators that give a coroutine function exactly where they decorate one."""

_HARMLESS = _KEEP_THE_KIND | _MAKE_COROUTINES


@dataclass(frozen=True, slots=True)
class Handler:
    """What a lifespan does in the place of a handler: a statement, and the expression to keep aside before, if any.

    `names` are the names that the statement reads.
    """

    code: str
    names: frozenset[str]
    kept: ast.expr | None = None


def of_function(draft: Draft, block: Block, registering: Sequence[ast.expr]) -> Handler:
    """The handler that decorators register."""
    assert block.parent is not None
    _refuse_rebound(block.name, block.parent)
    function = Func(block, draft.model.frame(block.parent))
    _refuse_decorators(draft, function, registering)
    return _called(draft, block.name, function, {block.name})


def of_expression(draft: Draft, node: ast.expr, block: Block) -> Handler:
    """The handler that an expression in `block` stands for."""
    names = _names(node)
    match node:
        case ast.Lambda(args=arguments, body=body) if not [*ast.iter_child_nodes(arguments)]:
            for name in names:
                _refuse_rebound(name, block)
            return Handler(_code(draft, body), frozenset(names))
        case ast.Name() | ast.Attribute() if _is_path(node) and names:
            _refuse_rebound(min(names), block)
            return _called(draft, _code(draft, node), _only(draft, node, block), names)
        case ast.Call(func=function, args=[first, *rest], keywords=keywords) if _is_partial(
            draft, function, block
        ):
            given = [*rest, *(keyword.value for keyword in keywords)]
            if _is_path(first) and all(_is_path(one) for one in given):
                for name in names:
                    _refuse_rebound(name, block)
                wanted = [_code(draft, one) for one in rest]
                wanted += [f"{k.arg}={_code(draft, k.value)}" for k in keywords if k.arg]
                if len(wanted) == len(given):
                    value = _only(draft, first, block)
                    names -= _names(function)
                    draft.imports.drop(*_names(function))
                    call = f"{_code(draft, first)}({', '.join(wanted)})"
                    return Handler(_awaited(draft, value, call), frozenset(names))
    return Handler(_awaited(draft, _only(draft, node, block), "{}()"), frozenset(), kept=node)


def _called(draft: Draft, code: str, value: Value, names: set[str]) -> Handler:
    if isinstance(value, Func):
        needed = [p for p in value.block.parameters.values() if p.default is None and not p.star]
        if value.receiver is not None:
            needed = needed[1:]
        if needed:
            raise CannotFix(f"{code}() takes arguments, which no handler is given")
    return Handler(_awaited(draft, value, f"{code}()"), frozenset(names))


def _awaited(draft: Draft, value: Value, call: str) -> str:
    return f"await {call}" if _is_coroutine_function(draft, value, call) else call


def _is_coroutine_function(draft: Draft, value: Value, call: str) -> bool:
    """Does the framework await what the handler returns?"""
    model = draft.model
    match value:
        case Func(block):
            if block.yields:
                raise CannotFix(f"{block.name}() is a generator, which no event runs")
            return block.is_async or _is_made_one(draft, value)
        case Partial(function):
            return _is_coroutine_function(draft, function, call)
        case Bound(Made(type="sqlalchemy.Engine")):
            return False
        case Bound(Made(type=name), method):
            methods = COROUTINES.get(name) or _OF_OTHERS.get(name)
            if methods is not None:
                return method in methods
        case Instance():
            found = [*calls.functions_in(model, frozenset({value}))]
            if len(found) == 1:
                return _is_coroutine_function(draft, found[0], call)
    raise CannotFix(f"whether {call.removesuffix('()')} is a coroutine function is not known")


def _is_made_one(draft: Draft, function: Func) -> bool:
    names = invocation.decorators(draft.model, function)
    return not _MAKE_COROUTINES.isdisjoint(names)


def _only(draft: Draft, node: ast.expr, block: Block) -> Value:
    """The one thing that the handler can be, seen from the code that registers it."""
    values = draft.model.values(node, draft.model.frame(block))
    found = {_without_context(value) for value in values}
    if len(found) != 1:
        raise CannotFix(f"which handler {ast.unparse(node)} is, is not clear")
    value = next(iter(values))
    if isinstance(value, Func) and not isinstance(value.block.node, ast.Lambda):
        _refuse_decorators(draft, value)
    return value


def _refuse_decorators(draft: Draft, function: Func, registering: Sequence[ast.expr] = ()) -> None:
    """Refuse a function of which a decorator makes something that is not known, or takes what others register."""
    node = function.block.node
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    lowest = max((node.decorator_list.index(one) for one in registering), default=-1)
    for index, decorator in enumerate(node.decorator_list):
        if decorator in registering:
            continue
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        values = draft.model.values(target, function.closure)
        names = {invocation.callee_name(draft.model, value) for value in values}
        if index < lowest or not names or not names <= _HARMLESS:
            name = function.block.name
            raise CannotFix(f"what @{ast.unparse(target)} makes of {name}() is not known")


def _without_context(value: Value) -> object:
    return value.block if isinstance(value, Func) else value


def _is_partial(draft: Draft, node: ast.expr, block: Block) -> bool:
    values = draft.model.values(node, draft.model.frame(block))
    return {invocation.callee_name(draft.model, value) for value in values} == {"functools.partial"}


def _is_path(node: ast.expr) -> bool:
    """`a`, `a.b.c`, or a literal: what is the same whenever it is evaluated, if `a` is not bound again."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name | ast.Constant)


def _names(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def _code(draft: Draft, node: ast.expr) -> str:
    code = draft.module.code_for_node(draft.positions.cst_of(node))
    if "\n" in code or "\r" in code:
        raise CannotFix("the handler is written over several lines")
    return code


def _refuse_rebound(name: str, block: Block) -> None:
    """Refuse a name that means something else when the lifespan runs."""
    around: Block | None = block
    while around is not None:
        bindings = around.bindings.get(name, ())
        if bindings and not around.is_class:
            if len(bindings) > 1:
                raise CannotFix(f"{name} is the name of several things")
            return
        around = around.parent
