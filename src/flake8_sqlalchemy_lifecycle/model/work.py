"""Work that is handed over: the activations that run when somebody else calls a function later."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from . import calls, invocation, passing
from .values import Frame, Func, Made, Partial, Value, Values

if TYPE_CHECKING:
    from .inference import Model


_RUN_IN_CONTEXT = ("contextvars.Context.run", "contextvars.copy_context.run")


def given_call(
    function: ast.expr,
    args: Iterable[ast.expr],
    keywords: Iterable[ast.keyword],
    place: ast.expr,
) -> ast.Call:
    """The call that somebody makes of what is handed over at `place`."""
    return ast.copy_location(ast.Call(function, list(args), list(keywords)), place)


def from_containers(
    args: ast.expr | None, kwargs: ast.expr | None
) -> Iterator[ast.expr | ast.keyword]:
    """The arguments in `args=(a, b), kwargs={"name": c}`, as a call would have them."""
    if isinstance(args, ast.Tuple | ast.List):
        yield from args.elts
    elif args is not None:
        yield ast.Starred(args, ast.Load())
    if isinstance(kwargs, ast.Dict):
        for key, value in zip(kwargs.keys, kwargs.values, strict=True):
            name = key.value if isinstance(key, ast.Constant) else None
            yield ast.keyword(name if isinstance(name, str) else None, value)
    elif kwargs is not None:
        yield ast.keyword(None, kwargs)


def activations(model: Model, call: ast.Call, frame: Frame) -> tuple[Frame, ...]:
    """The activations of project functions that a handed over call runs."""
    found: dict[Frame, None] = {}
    for value in model.values(call.func, frame):
        if call.args and invocation.callee_name(model, value) in _RUN_IN_CONTEXT:
            inner = given_call(call.args[0], call.args[1:], call.keywords, call)
            found.update(dict.fromkeys(activations(model, inner, frame)))
        found.update(dict.fromkeys(_run(model, value, call, frame)))
    return tuple(found)


def _run(model: Model, value: Value, call: ast.Call, frame: Frame) -> Iterator[Frame]:
    if isinstance(value, Partial) and isinstance(value.function, Func):
        function = value.function
        args = dict(passing.bind(model, function.block, call, frame, function.receiver))
        names = [n for n, p in function.block.parameters.items() if p.index is not None]
        names = names[1:] if function.receiver is not None else names
        shifted = [args.pop(name) for name in names if name in args]
        args |= dict(zip(names, (*value.positional, *shifted), strict=False))
        args |= dict(value.keywords)
        activation = model.activation(function, tuple(args.items()), frame, call)
        if activation is not None:
            yield activation
    else:
        yield from calls.activations(model, value, call, frame)


def statements(model: Model, call: ast.Call, frame: Frame) -> Values:
    """The library calls that a handed over call makes: of `session.execute`, say."""
    return frozenset(
        result
        for value in model.values(call.func, frame)
        if invocation.callee_name(model, value) is not None
        for result in invocation.call(model, value, call, frame)
        if isinstance(result, Made)
    )
