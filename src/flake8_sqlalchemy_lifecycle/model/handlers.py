"""What an `except` gets and a `with` swallows."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from . import calls
from .values import Frame, Library
from .ways import Way

if TYPE_CHECKING:
    from .inference import Model


def catches(model: Model, frame: Frame, handler: ast.ExceptHandler, way: Way) -> bool | None:
    """Does the handler get what was raised? `except Exception` gets every error and no cancellation; None: perhaps."""
    if handler.type is None:
        return True
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {
        name.rpartition(".")[2]
        for node in types
        for name in calls.names_of(model, model.values(node, frame))
    }
    if "BaseException" in names:
        return True
    if way is Way.CANCELLED:
        return "CancelledError" in names
    return True if "Exception" in names else None


def swallows(model: Model, frame: Frame, context: ast.expr) -> bool:
    """Is the context manager `contextlib.suppress`?"""
    return isinstance(context, ast.Call) and Library("contextlib.suppress") in (
        model.values(context.func, frame)
    )
