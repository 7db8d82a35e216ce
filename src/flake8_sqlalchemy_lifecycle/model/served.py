"""The app that a framework hands to a function that it runs at the app's start or end."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from . import attributes, invocation
from .knowledge import DECORATORS, EVENTS, Kind, Role
from .scopes import Block
from .values import Bound, Frame, Value, Values

if TYPE_CHECKING:
    from .inference import Model

_LIFE = (Role.STARTUP, Role.SHUTDOWN, Role.LIFESPAN)


def app_for(model: Model, function: Block, closure: Frame) -> Values:
    """What the first parameter of a lifespan or listener is, where its own file gives the function to an app."""
    if not function.is_async or isinstance(function.node, ast.Lambda):
        return frozenset()
    found: set[Value] = set()
    for decorator in getattr(function.node, "decorator_list", ()):
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        for value in model.values(target, closure) if isinstance(target, ast.Attribute) else ():
            name = invocation.callee_name(model, value) or ""
            if isinstance(value, Bound) and (name in EVENTS or DECORATORS.get(name) in _LIFE):
                found.add(value.receiver)
    if function.yields and function.module.may_say("lifespan="):
        for call, caller in function.module.calls():
            for keyword in call.keywords:
                if keyword.arg == "lifespan" and _names(keyword.value, function):
                    found |= model.values(call, model.frame(caller))
    return frozenset(v for v in found if attributes.kind_of(model, v) is Kind.APP)


def _names(given: ast.expr, function: Block) -> bool:
    return isinstance(given, ast.Name) and given.id == function.name
