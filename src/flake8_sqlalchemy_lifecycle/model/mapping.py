"""Declarative classes: which classes of the project are mapped to tables, and which attributes of them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from . import attributes
from .scopes import Assigned, Binding
from .spelling import last_name
from .values import Bound, Cls, Instance, Library, Made, Value

if TYPE_CHECKING:
    from .inference import Model

_BASES = frozenset({"DeclarativeBase", "DeclarativeBaseNoMeta", "MappedAsDataclass"})
_MAKE_BASES = ("declarative_base", "automap_base", "generate_base")
_COLUMNS = frozenset(
    "Column mapped_column relationship column_property deferred composite synonym backref "
    "dynamic_loader query_expression".split()
)


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
