"""Dependency injection: what `Depends(f)` gives, and what frameworks alike put into parameters and fields."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from . import attributes, hints, invocation, passing
from .knowledge import Kind
from .values import (
    UNKNOWN,
    Cls,
    Constant,
    Coroutine,
    Frame,
    Func,
    Generator,
    Instance,
    Made,
    Manager,
    Partial,
    Returning,
    Site,
    TypeForm,
    Value,
    Values,
)

if TYPE_CHECKING:
    from .inference import Model

DEPENDENCIES = ("fastapi.Depends", "fastapi.Security", "litestar.Provide")


def is_dependency(value: Value) -> bool:
    """Is it a `Depends(…)`?"""
    return isinstance(value, Made) and value.type in DEPENDENCIES


def dependency(
    model: Model, node: ast.expr, frame: Frame, annotation: ast.expr | None
) -> Values | None:
    """What `Depends(f)` (or a name that holds one) injects; None if the expression is no dependency."""
    if not isinstance(node, ast.Call | ast.Name | ast.Attribute):
        return None
    for value in model.values(node, frame):
        if isinstance(value, Made) and value.type in DEPENDENCIES:
            targets = passing.argument_values(model, value, "dependency", 0)
            if targets is None and annotation is not None:
                targets = model.values(annotation, frame)
            found = model.union(injected(model, t, value.site) for t in targets or UNKNOWN)
            if passing.argument_values(model, value, "use_cache") == frozenset({Constant(False)}):
                found = frozenset(_apart(v, value.site) for v in found)
            if found - UNKNOWN:
                return found
            return hints.annotated(model, annotation, frame, node)
    return None


def _apart(value: Value, site: Site) -> Value:
    """An object that is made anew for this one dependency."""
    if isinstance(value, Made | Instance):
        return replace(value, context=(*value.context, site))
    return value


def injected(model: Model, target: Value, site: Site) -> Values:
    """What a framework hands to a handler for a dependency: called, awaited, entered or run to its yield."""
    match target:
        case Func():
            found: set[Value] = set()
            for value in invocation.result(model, target):
                match value:
                    case Coroutine(frame):
                        found |= invocation.returned(model, frame)
                    case Generator(frame) | Manager(frame):
                        found |= invocation.yielded(model, frame)
                    case _:
                        found.add(value)
            return frozenset(found)
        case Cls():
            made: Value = Instance(target, site)
            return frozenset({made})
        case Instance():
            called = attributes.of_instance(model, target, target.cls, "__call__")
            return model.union(injected(model, m, site) for m in called if isinstance(m, Func))
        case Made() | Returning() | Partial():
            return _called_without_arguments(model, target, site)
        case TypeForm(annotation, frame):
            return model.union(
                injected(model, t, site) for t in model.values(annotation, frame) if t != target
            )
    return UNKNOWN


def _called_without_arguments(model: Model, target: Value, site: Site) -> Values:
    if isinstance(target, Partial):
        return injected(model, target.function, site)
    if isinstance(target, Made) and attributes.kind_of(model, target) is Kind.MAKER:
        name = "AsyncSession" if attributes.is_async(model, target) else "Session"
        return frozenset({Made(f"sqlalchemy.{name}", site, target)})
    return target.values if isinstance(target, Returning) else UNKNOWN
