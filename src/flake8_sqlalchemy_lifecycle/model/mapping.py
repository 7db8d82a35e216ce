"""Declarative classes: which classes of the project are mapped to tables, and which attributes of them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from . import attributes
from .bindings import Assigned, Binding, Defined
from .spelling import last_name
from .values import Bound, Cls, Frame, Instance, Library, Made, Returning, Value

if TYPE_CHECKING:
    from .inference import Model

_BASES = frozenset({"DeclarativeBase", "DeclarativeBaseNoMeta", "MappedAsDataclass"})
_MAKE_BASES = ("declarative_base", "automap_base", "generate_base")
_COLUMNS = frozenset(
    "Column mapped_column relationship column_property deferred composite synonym backref "
    "dynamic_loader query_expression".split()
)


_PROPERTIES = frozenset({"property", "cached_property", "hybrid_property"})
_PERHAPS = (ast.If, ast.IfExp, ast.BoolOp, ast.Try, ast.For, ast.While, ast.Lambda, ast.Match)
_READING = frozenset({"model_validate", "from_orm"})


def mapped_class(model: Model, value: Value) -> Cls | None:
    """The declarative class that a value is an instance of."""
    if not isinstance(value, Instance):
        return None
    return value.cls if is_mapped(model, value.cls) else None


def is_mapped(model: Model, cls: Cls) -> bool:
    """Is the class mapped: below a declarative base, SQLModel with `table=True`, or Flask-SQLAlchemy's `Model`?"""
    classes = [base for base in attributes.mro(model, cls) if isinstance(base, Cls)]
    bases = [base for each in classes for base in _bases(model, each)]
    if any(isinstance(base, Library) and _is(base, "sqlmodel", "SQLModel") for base in bases):
        return _is_table(cls)
    return any(map(_is_base, bases))


def _bases(model: Model, cls: Cls) -> list[Value]:
    assert isinstance(cls.block.node, ast.ClassDef)
    return [value for node in cls.block.node.bases for value in model.values(node, cls.closure)]


def _is(value: Library, library: str, name: str) -> bool:
    parts = value.name.split(".")
    return parts[0] == library and parts[-1] == name


def _is_base(value: Value) -> bool:
    match value:
        case Library(name):
            return name.startswith("sqlalchemy.") and name.rpartition(".")[2] in _BASES
        case Made(type=name):
            return name.startswith("sqlalchemy.") and name.endswith(_MAKE_BASES)
        case Bound(Made(type="flask_sqlalchemy.SQLAlchemy"), "Model"):
            return True
    return False


def _is_table(cls: Cls) -> bool:
    assert isinstance(cls.block.node, ast.ClassDef)
    return any(
        keyword.arg == "table"
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value is True
        for keyword in cls.block.node.keywords
    )


def is_mapped_attribute(model: Model, cls: Cls, name: str) -> bool:
    """Does the mapping load the attribute: a column or a relationship, of a mixin or base too?"""
    is_model = any(
        isinstance(base, Library) and _is(base, "sqlmodel", "SQLModel")
        for base in attributes.mro(model, cls)
    )
    for base in attributes.mro(model, cls):
        if isinstance(base, Cls):
            for binding in base.block.bindings.get(name, ()):
                return _is_column(binding, is_model)
    return False


def reads_mapped(model: Model, cls: Cls, name: str, *, is_called: bool) -> bool:
    """Does a property of the class, or a method where it is called, read a mapped attribute, whatever it finds?"""
    for base in attributes.mro(model, cls):
        if isinstance(base, Cls) and (bindings := base.block.bindings.get(name)):
            origin = bindings[0].origin
            if len(bindings) > 1 or not isinstance(origin, Defined):
                return False
            block = origin.block
            if not isinstance(block.node, ast.FunctionDef) or not block.parameters or block.yields:
                return False
            decorators = {last_name(decorator) for decorator in block.node.decorator_list}
            if not (decorators <= _PROPERTIES if decorators else is_called):
                return False
            own = next(iter(block.parameters))
            return any(
                isinstance(node.value, ast.Name)
                and node.value.id == own
                and isinstance(node.ctx, ast.Load)
                and is_mapped_attribute(model, cls, node.attr)
                and not any(isinstance(around, _PERHAPS) for around in block.ancestors(node))
                for node in block.nodes_of(ast.Attribute)
            )
    return False


def validated_by(model: Model, call: ast.Call, frame: Frame, cls: Cls) -> str | None:
    """The mapped attribute that `Out.model_validate(instance)` reads first, of an instance of the class."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in _READING:
        return None
    for value in model.values(call.func, frame):
        for made in value.values if isinstance(value, Returning) else ():
            if isinstance(made, Instance) and made.cls not in attributes.mro(model, cls):
                for base in reversed(attributes.mro(model, made.cls)):
                    for name, found in base.block.bindings.items() if isinstance(base, Cls) else ():
                        if isinstance(found[0].origin, Assigned) and found[0].origin.annotation:
                            if is_mapped_attribute(model, cls, name):
                                return name
    return None


def _is_column(binding: Binding, is_model: bool) -> bool:
    if not isinstance(binding.origin, Assigned) or binding.origin.path:
        return False
    annotation, value = binding.origin.annotation, binding.origin.value
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        head = annotation.value.partition("[")[0]
    else:
        root = annotation.value if isinstance(annotation, ast.Subscript) else annotation
        head = (last_name(root) or "") if root is not None else ""
    if head.rpartition(".")[2] in ("Mapped", "WriteOnlyMapped", "DynamicMapped"):
        return head == "Mapped"
    if is_model:
        return annotation is not None and head != "ClassVar" and not binding.name.startswith("_")
    return isinstance(value, ast.Call) and last_name(value.func) in _COLUMNS
