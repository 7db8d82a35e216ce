"""Functions that run in a forked child: the hooks of gunicorn and Celery, and of `os.register_at_fork()`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import calls, invocation
from .forks import Child
from .knowledge.processes import CHILD_SIGNAL, PRELOAD, SERVER_HOOKS
from .scopes import Block, Module
from .values import Constant, Func, Values

if TYPE_CHECKING:
    from .inference import Model

_SIGNAL = CHILD_SIGNAL.split(".")[1]


@dataclass(frozen=True, slots=True)
class Hook:
    """What the children run, and the node of the file that says so; `given` is the expression that was handed over."""

    node: ast.AST
    block: Block
    children: tuple[Child, ...]
    given: ast.expr | None = None


def child_hooks(model: Model, module: Module) -> Iterator[Hook]:
    """The hooks that a file gives to gunicorn, Celery and Python."""
    if module.may_say(PRELOAD):
        yield from _of_server(model, module)
    if module.may_say(_SIGNAL):
        yield from _of_celery(model, module)
    if module.may_say("after_in_child"):
        for call, block in module.calls():
            if calls.spelled(call) == "register_at_fork":
                given = invocation.argument(model, call, model.frame(block), "after_in_child")
                if given is not None:
                    yield _hook(model, call, block, given)


def preloads(model: Model, module: Module) -> bool:
    """Is the file a gunicorn config that loads the app before it forks?"""
    return module.may_say(PRELOAD) and Constant(True) in model.export(module.path, PRELOAD)


def _of_server(model: Model, module: Module) -> Iterator[Hook]:
    if not preloads(model, module):
        return
    frame = model.frame(module.block)
    for node, inner in module.block.inner.items():
        if inner.is_function and inner.name in SERVER_HOOKS:
            yield Hook(node, module.block, (Child(calls.entry(model, Func(inner, frame))),))


def _of_celery(model: Model, module: Module) -> Iterator[Hook]:
    for block in module.blocks():
        frame = model.frame(block)
        for node in block.nodes:
            if isinstance(node, ast.FunctionDef):
                for decorator in node.decorator_list:
                    target = decorator.func if isinstance(decorator, ast.Call) else decorator
                    if _connects(model, target, model.values(target, frame)):
                        function = Func(block.inner[node], frame)
                        yield Hook(node, block, (Child(calls.entry(model, function)),))
            elif isinstance(node, ast.Call) and node.args:
                if _connects(model, node.func, model.values(node.func, frame)):
                    yield _hook(model, node, block, node.args[0])


def _connects(model: Model, node: ast.expr, values: Values) -> bool:
    return getattr(node, "attr", "") == "connect" and CHILD_SIGNAL in calls.names_of(model, values)


def _hook(model: Model, call: ast.Call, block: Block, given: ast.expr) -> Hook:
    functions = calls.functions_in(model, model.values(given, model.frame(block)))
    return Hook(call, block, tuple(Child(calls.entry(model, f)) for f in functions), given)
