"""What a call passes: which parameter takes which argument, and what a parameter holds in an activation."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from . import hints, injection, invocation, served
from .bindings import Parameter
from .scopes import Block
from .spelling import argument_of
from .values import (
    UNKNOWN,
    Cls,
    Constant,
    Elements,
    Frame,
    Func,
    Instance,
    Items,
    Made,
    Mapping,
    Site,
    Value,
    Values,
)

if TYPE_CHECKING:
    from .inference import Model

_PERHAPS_NONE = UNKNOWN | {Constant(None)}
Args = tuple[tuple[str, Values], ...]


def bind(
    model: Model, block: Block, node: ast.Call, frame: Frame, receiver: Value | None = None
) -> Args:
    """The arguments of a call, by the parameter that takes them. What cannot be told is left out."""
    positional = [name for name, p in block.parameters.items() if p.index is not None]
    found: dict[str, Values] = {}
    if receiver is not None and positional:
        found[positional.pop(0)] = frozenset({receiver})
    extra: dict[object, Values] = {}
    certain = True
    index = 0
    for argument in node.args:
        if not isinstance(argument, ast.Starred):
            if index < len(positional):
                found[positional[index]] = _passed(model, block, positional[index], argument, frame)
            else:
                _extra(block, found, model.values(argument, frame))
            index += 1
            continue
        many = model.values(argument.value, frame)
        unpacked = _unpacked(model, many)
        for values in unpacked or ():
            if index < len(positional):
                found[positional[index]] = values
            else:
                _extra(block, found, values)
            index += 1
        if unpacked is None:
            certain = False
            if index >= len(positional):
                star = next((n for n, p in block.parameters.items() if p.star == "*"), "")
                found.setdefault(star, frozenset({Elements(model.iterated(many))}))
            break
    for keyword in node.keywords:
        if keyword.arg is None:
            certain = _spread(model, keyword.value, frame, block, found, extra) and certain
        else:
            if keyword.arg in block.parameters:
                found[keyword.arg] = _passed(model, block, keyword.arg, keyword.value, frame)
            else:
                extra[keyword.arg] = model.values(keyword.value, frame)
    if certain:
        for name, parameter in block.parameters.items():
            if parameter.star == "**":
                found[name] = frozenset({Mapping(tuple(extra.items()))})
            elif name not in found and parameter.default is not None and block.parent:
                default = model.values(parameter.default, model.frame(block.parent))
                if not any(injection.is_dependency(v) for v in default):
                    found[name] = default
    return tuple(found.items())


def _passed(model: Model, block: Block, name: str, argument: ast.expr, frame: Frame) -> Values:
    if not isinstance(argument, ast.Constant | ast.Name):  # which may be a flag
        if hints.is_plain(block.parameters[name].arg.annotation):
            return UNKNOWN
    return model.values(argument, frame)


def _unpacked(model: Model, values: Values) -> tuple[Values, ...] | None:
    """What `*args` passes by position; None where it is not known how many that are."""
    many = [value.elements for value in values if isinstance(value, Items)]
    if len(many) < len(values) or len({len(elements) for elements in many}) != 1:
        return None
    return tuple(model.union(parts) for parts in zip(*many, strict=True))


def _extra(block: Block, found: dict[str, Values], values: Values) -> None:
    star = next((n for n, p in block.parameters.items() if p.star == "*"), None)
    if star is not None:
        before = found.get(star)
        items = next(iter(before)) if before else Items(())
        if isinstance(items, Items):
            found[star] = frozenset({Items((*items.elements, values))})


def _spread(
    model: Model,
    node: ast.expr,
    frame: Frame,
    block: Block,
    found: dict[str, Values],
    extra: dict[object, Values],
) -> bool:
    """`**mapping`, where its keys are known; `extra` gets those that no parameter has the name of."""
    for mapping in model.values(node, frame):
        if not isinstance(mapping, Mapping):
            return False
        for key, values in mapping.entries:
            if isinstance(key, str) and key in block.parameters:
                found[key] = values
            else:
                extra[key] = values
    return True


def argument_values(
    model: Model, made: Made, keyword: str, index: int | None = None
) -> Values | None:
    """What an object's creating call got for an argument; None where it did not get it (as far as can be told)."""
    if made.call is None or made.frame is None:
        return None
    given = argument_of(made.call, keyword, index)
    if given is not None:
        return model.values(given, made.frame)
    for other in made.call.keywords:
        if other.arg is None:
            for mapping in model.values(other.value, made.frame):
                if not isinstance(mapping, Mapping):
                    return UNKNOWN
                values = mapping.get(keyword)
                if values is not None:
                    return values
    return None


def parameter(model: Model, parameter: Parameter, frame: Frame) -> Values:
    """What a parameter holds: what the caller passed, what is injected, what its annotation or default says."""
    name = parameter.arg.arg
    passed = frame.argument(name)
    if passed is not None and passed - UNKNOWN and passed != _PERHAPS_NONE:
        return passed
    block = frame.block
    owner = block.method_of
    closure = frame.closure or frame
    if owner is not None and parameter.index == 0 and owner.parent is not None:
        receiver = _receiver(model, block, owner, closure)
        if receiver is not None:
            return receiver
    injected = None
    if parameter.default is not None:
        injected = injection.dependency(model, parameter.default, closure, parameter.arg.annotation)
    if injected is not None:
        return injected
    itself = receiver_of(frame)
    found = hints.annotated(model, parameter.arg.annotation, closure, parameter.arg, itself)
    if parameter.star == "*":
        return frozenset({Elements(found)})
    if parameter.star:
        return UNKNOWN
    if parameter.index == 0 and parameter.arg.annotation is None and parameter.default is None:
        return served.app_for(model, block, closure) or found
    if not found - UNKNOWN and parameter.default is not None and passed is None:
        found = model.values(parameter.default, closure)
        if found == frozenset({Constant(None)}):
            found = _PERHAPS_NONE  # somebody passes something
    return found


def _receiver(model: Model, block: Block, owner: Block, class_frame: Frame) -> Values | None:
    """What a method's first parameter holds; None for that of a static method, which is like any other."""
    assert owner.parent is not None
    cls = Cls(owner, class_frame.closure or model.frame(owner.parent))
    names = invocation.decorators(model, Func(block, class_frame))
    if "builtins.staticmethod" in names:
        return None
    if "builtins.classmethod" in names or block.name in ("__new__", "__init_subclass__"):
        return frozenset({cls})
    return frozenset({Instance(cls, Site.of(owner.node, owner.parent))})


def receiver_of(frame: Frame) -> Value | None:
    """The instance whose method runs in the frame, where it is a certain one."""
    block = frame.block
    if block.method_of is None or not block.parameters:
        return None
    values = frame.argument(next(iter(block.parameters)))
    return next(iter(values)) if values and len(values) == 1 else None
