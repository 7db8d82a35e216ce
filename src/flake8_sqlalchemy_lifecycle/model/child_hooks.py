"""Functions that run around a fork, in the child or its parent: gunicorn's, Celery's, `os.register_at_fork()`'s."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import calls
from .forks import Child
from .knowledge.processes import CHILD_SIGNALS, PRELOAD, SERVER_HOOKS
from .scopes import Block, Module
from .spelling import argument_of
from .values import Constant, Func, Values

if TYPE_CHECKING:
    from .inference import Model

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hook:
    """What a hook runs, and the node of the file that says so; `given` is the expression that was handed over."""

    node: ast.AST
    block: Block
    children: tuple[Child, ...]
    given: ast.expr | None = None


def child_hooks(model: Model, module: Module) -> Iterator[Hook]:
    """The hooks of a file that run in the children: gunicorn's, Celery's and Python's."""
    yield from server_hooks(model, module, SERVER_HOOKS)
    yield from celery_hooks(model, module, CHILD_SIGNALS)
    yield from fork_hooks(model, module, "after_in_child")


def preloads(model: Model, module: Module) -> bool:
    """Is the file a gunicorn config that loads the app before it forks?"""
    return module.may_say(PRELOAD) and Constant(True) in model.export(module.path, PRELOAD)


def server_hooks(model: Model, module: Module, names: Names) -> Iterator[Hook]:
    """The functions of these names of a gunicorn config that preloads: defined there, imported or assigned."""
    for name in names if preloads(model, module) else ():
        for binding in module.block.bindings.get(name, ()):
            functions = calls.functions_in(model, model.bound(binding, model.frame(binding.block)))
            children = tuple(Child(calls.entry(model, function)) for function in functions)
            yield Hook(binding.node, module.block, children)


def celery_hooks(model: Model, module: Module, names: Names) -> Iterator[Hook]:
    """What a file connects to these signals of Celery."""
    signals = frozenset(f"celery.{name}.connect" for name in names)
    for block in module.blocks() if module.may_say(*names) else ():
        frame = model.frame(block)
        for node in block.nodes:
            if isinstance(node, ast.FunctionDef):
                for decorator in node.decorator_list:
                    target = decorator.func if isinstance(decorator, ast.Call) else decorator
                    if _connects(model, target, model.values(target, frame), signals):
                        function = Func(block.inner[node], frame)
                        yield Hook(node, block, (Child(calls.entry(model, function)),))
            elif isinstance(node, ast.Call) and node.args:
                if _connects(model, node.func, model.values(node.func, frame), signals):
                    yield _hook(model, node, block, node.args[0])


def fork_hooks(model: Model, module: Module, keyword: str) -> Iterator[Hook]:
    """What a file gives to `os.register_at_fork()` for this keyword."""
    for call, block in module.calls() if module.may_say("register_at_fork") else ():
        if calls.spelled(call) == "register_at_fork":
            given = argument_of(call, keyword)
            if given is not None:
                yield _hook(model, call, block, given)


def _connects(model: Model, node: ast.expr, values: Values, signals: frozenset[str]) -> bool:
    return getattr(node, "attr", "") == "connect" and not signals.isdisjoint(
        calls.names_of(model, values)
    )


def _hook(model: Model, call: ast.Call, block: Block, given: ast.expr) -> Hook:
    functions = calls.functions_in(model, model.values(given, model.frame(block)))
    return Hook(call, block, tuple(Child(calls.entry(model, f)) for f in functions), given)
