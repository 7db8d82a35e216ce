"""What the decorators of a function leave of it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from . import calls
from .knowledge import CONTEXT_MANAGERS, DECORATORS, Role
from .values import Frame

if TYPE_CHECKING:
    from .inference import Model

_PLAIN = frozenset(
    {
        "builtins.staticmethod",
        "builtins.classmethod",
        "builtins.property",
        "abc.abstractmethod",
        "typing.override",
        "functools.wraps",
    }
)

_CONTAINERS = ("dishka.",)
"""Containers whose scopes the model knows: how often they call a provider, it tells."""


def is_called_as_written(model: Model, frame: Frame, roles: frozenset[Role] = frozenset()) -> bool:
    """Is there no decorator that may cache, wrap or finish the function?

    A context manager counts as written, and so do the decorators of frameworks that run it in one of the roles.
    """
    node = frame.block.node
    if isinstance(node, ast.Lambda):
        return True
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or frame.closure is None:
        return False
    for decorator in node.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        names = set(calls.names_of(model, model.values(target, frame.closure)))
        if not names or not all(
            name in _PLAIN
            or name in CONTEXT_MANAGERS
            or name.startswith(_CONTAINERS)
            or DECORATORS.get(name) in roles
            for name in names
        ):
            return False
    return True
