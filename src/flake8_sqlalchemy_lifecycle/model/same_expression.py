"""Whether two expressions, perhaps of different files, are the same: by what their names mean."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .bindings import Defined, Imported, Parameter
from .calls import names_of
from .origins import expression_behind
from .spelling import argument_of
from .values import Frame, ProjectModule

if TYPE_CHECKING:
    from .inference import Model

_DEEPEST = 12
_DIFFERS = frozenset("builtins.next builtins.input builtins.iter uuid.uuid4 random.random".split())


def meaning(model: Model, expression: ast.AST, frame: Frame, depth: int = 0) -> str | None:
    """A text that is equal for equal expressions; None where nothing can be said.

    Names stand for what they are bound to, parameters for what the activation's call passes.
    """
    if depth > _DEEPEST:
        return None
    match expression:
        case ast.Constant(value=value):
            return repr(value)
        case ast.Name() | ast.Attribute():
            return _reference(model, expression, frame, depth)
        case ast.Call():
            if not _DIFFERS.isdisjoint(names_of(model, model.values(expression.func, frame))):
                return None
        case ast.Lambda() | ast.ListComp() | ast.DictComp() | ast.SetComp() | ast.GeneratorExp():
            return None
        case ast.Await() | ast.Yield() | ast.YieldFrom() | ast.NamedExpr():
            return None
    parts = [type(expression).__name__]
    for child in ast.iter_child_nodes(expression):
        part = meaning(model, child, frame, depth + 1)
        if part is None:
            return None
        parts.append(part)
    if isinstance(expression, ast.keyword):
        parts.append(str(expression.arg))
    return f"({' '.join(parts)})"


def _reference(
    model: Model, expression: ast.Name | ast.Attribute, frame: Frame, depth: int
) -> str | None:
    if isinstance(expression, ast.Name) and expression.id in frame.block.parameters:
        return _parameter(model, expression, frame, depth)
    behind = None
    if isinstance(expression, ast.Name) or _is_of_module(model, expression, frame):
        behind = expression_behind(model, expression, frame)
    if behind is not None and not isinstance(behind[0], ast.Name | ast.Attribute):
        meant = meaning(model, *behind, depth + 1)
        if meant is not None or isinstance(expression, ast.Name):
            return meant
    if isinstance(expression, ast.Attribute):
        owner = meaning(model, expression.value, frame, depth + 1)
        return None if owner is None else f"{owner}.{expression.attr}"
    return _name(model, expression, frame)


def _is_of_module(model: Model, attribute: ast.Attribute, frame: Frame) -> bool:
    """Is it a module's? What a class writes down for a field is only its default."""
    owners = model.values(attribute.value, frame)
    return all(isinstance(owner, ProjectModule) for owner in owners)


def _parameter(model: Model, name: ast.Name, frame: Frame, depth: int) -> str | None:
    if len(frame.block.bindings[name.id]) != 1:
        return None
    if isinstance(frame.call, ast.Call) and frame.caller is not None:
        parameter = frame.block.parameters[name.id]
        index = parameter.index
        if index is not None and frame.block.method_of is not None:
            if index == 0:
                return None  # the method's own object
            index -= 1
        given = argument_of(frame.call, name.id, index)
        if given is not None:
            return meaning(model, given, frame.caller, depth + 1)
        return None
    return f"{frame.block.module.path}:{frame.block.qualname}:{name.id}"


def _name(model: Model, name: ast.Name, frame: Frame) -> str | None:
    """A name that is bound once: an import, a definition, or something of an unknown value."""
    block = frame.block
    while name.id not in block.bindings:
        if block.parent is None:
            return f"builtins.{name.id}"
        block = block.parent
    bindings = block.reaching(name.id, name if block is frame.block else None)
    if len(bindings) != 1 or block.comprehension_binding(name) is not None:
        return None
    match bindings[0].origin:
        case Imported(dotted, imported, level):
            path = model.project.resolve(block.module.path, dotted, level)
            where = path or ("." * level + dotted)
            if path is not None and imported is not None:
                return _exported(model, path, imported)
            return where if imported is None else f"{where}:{imported}"
        case Defined():
            return f"{block.module.path}:{name.id}"
        case Parameter():
            return f"{block.module.path}:{block.qualname}:{name.id}"
    return None


def _exported(model: Model, path: str, name: str) -> str:
    """A name of a module, followed through re-exports."""
    for _ in range(_DEEPEST):
        module = model.project.module(path)
        bindings = module.block.bindings.get(name, []) if module is not None else []
        if len(bindings) != 1 or not isinstance(bindings[0].origin, Imported):
            break
        imported = bindings[0].origin
        further = model.project.resolve(path, imported.dotted, imported.level)
        if further is None or imported.name is None:
            break
        path, name = further, imported.name
    return f"{path}:{name}"
