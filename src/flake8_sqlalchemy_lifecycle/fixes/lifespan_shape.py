"""LSA206: a lifespan gets its decorator and its `async`, and is passed instead of called."""

from __future__ import annotations

import ast

import libcst as cst

from ..finding import Finding
from ..model import invocation
from ..model.scopes import Block
from ..model.shapes import WrongShape, wrong_shapes
from ..model.values import Func
from . import CannotFix
from .arguments import find
from .draft import Draft
from .mentions import refuse_mentions
from .positions import is_at

_SYNC, _ASYNC = "contextlib.contextmanager", "contextlib.asynccontextmanager"
_ASYNC_TYPES = {"Iterator": "AsyncIterator", "Generator": "AsyncGenerator"}


def fix(draft: Draft, finding: Finding) -> None:
    """Make an async context manager of the function, and pass it on by its name."""
    wrong = _wrong_at(draft, finding)
    function = wrong.function
    if len(function.yields) != 1:
        raise CannotFix(f"where {function.name}() should yield is not known")
    is_here = function.module is draft.model.linted
    is_passed = _pass_on(draft, wrong)
    if function.is_async and _is_decorated(draft, function):
        if is_passed:
            return
        _refuse_elsewhere(wrong, is_here=is_here)
        _yield_nothing(draft, function)
    elif is_here or not is_passed:
        _refuse_elsewhere(wrong, is_here=is_here)
        refuse_mentions(draft, function, allowed=1)
        _make_async(draft, function)


def _wrong_at(draft: Draft, finding: Finding) -> WrongShape:
    for wrong in wrong_shapes(draft.model):
        if is_at(wrong.call, finding.span):
            return wrong
    raise CannotFix("the lifespan is not found again")


def _refuse_elsewhere(wrong: WrongShape, *, is_here: bool) -> None:
    if not is_here:
        raise CannotFix(f"the lifespan is in {wrong.function.module.display}:{wrong.line}")


def _pass_on(draft: Draft, wrong: WrongShape) -> bool:
    """Pass the function itself where its result is passed; was it?"""
    given = find(draft.node(wrong.call, cst.Call), "lifespan")
    if given is None or not isinstance(given.value, cst.Call):
        return False
    if given.value.args:
        raise CannotFix(f"{wrong.function.name}() is called with arguments")
    if len(wrong.function.parameters) != 1:
        raise CannotFix(f"{wrong.function.name}() does not take the app alone")
    draft.replace(given.value, given.value.func)
    return True


def _is_decorated(draft: Draft, function: Block) -> bool:
    assert function.parent is not None
    names = invocation.decorators(draft.model, Func(function, draft.model.frame(function.parent)))
    return _ASYNC in names


def _yield_nothing(draft: Draft, function: Block) -> None:
    """Drop what is yielded, if nothing is lost by that: the app, or a literal."""
    node = function.yields[0]
    value = node.value
    app = next(iter(function.parameters), "")
    if not isinstance(value, ast.Constant) and not (
        isinstance(value, ast.Name) and value.id == app
    ):
        raise CannotFix("under which name the state should hold what is yielded is not known")
    none = cst.SimpleWhitespace("")
    draft.change(
        draft.node(node, cst.Yield),
        cst.Yield,
        lambda old: old.with_changes(value=None, whitespace_after_yield=none),
    )


def _make_async(draft: Draft, function: Block) -> None:
    node = function.node
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    if not _is_decorated(draft, function):
        manager = draft.expression(draft.imports.name("contextlib", "asynccontextmanager"))
        wrong = _sync_decorator(draft, function)
        if wrong is not None:
            draft.replace(wrong, manager)
            draft.imports.drop(ast.unparse(wrong))
        elif node.decorator_list:
            raise CannotFix(f"what the decorators of {function.name}() do is not known")
        else:
            new = [cst.Decorator(manager)]
            draft.change(node, cst.FunctionDef, lambda old: old.with_changes(decorators=new))
    if not function.is_async:
        _annotate(draft, node.returns)
        draft.change(
            node, cst.FunctionDef, lambda old: old.with_changes(asynchronous=cst.Asynchronous())
        )


def _sync_decorator(draft: Draft, function: Block) -> ast.expr | None:
    assert function.parent is not None
    node = function.node
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    frame = draft.model.frame(function.parent)
    for decorator in node.decorator_list:
        values = draft.model.values(decorator, frame)
        if {invocation.callee_name(draft.model, value) for value in values} == {_SYNC}:
            return decorator
    return None


def _annotate(draft: Draft, returns: ast.expr | None) -> None:
    """`Iterator[State]` and `Generator[State, None, None]` become their async twins."""
    if not isinstance(returns, ast.Subscript) or not isinstance(returns.value, ast.Name):
        return
    old = returns.value.id
    if old not in _ASYNC_TYPES:
        return
    state = returns.slice.elts[0] if isinstance(returns.slice, ast.Tuple) else returns.slice
    new = draft.imports.name("collections.abc", _ASYNC_TYPES[old])
    sent = ", None" if old == "Generator" else ""
    draft.replace(returns, draft.expression(f"{new}[{ast.unparse(state)}{sent}]"))
    draft.imports.drop(old)
