"""Which expressions of a function are one object: by its allocation site, whatever the name."""

from __future__ import annotations

import ast

from . import attributes
from .bindings import Assigned
from .inference import Model
from .knowledge import Kind
from .scopes import Block, remembered
from .values import (
    NOTHING,
    Cls,
    Elements,
    Entering,
    Frame,
    Instance,
    Items,
    Made,
    Mapping,
    Super,
    Value,
    Values,
)

_NESTED = 2
"""So deep lie the objects that are looked for what they hold: a service, its repository, the session."""


def is_session(model: Model, value: Value) -> bool:
    """Is the value a session, of a project's subclass too?"""
    return isinstance(value, Made | Instance) and attributes.kind_of(model, value) is Kind.SESSION


def makes_other(model: Model, call: ast.Call, frame: Frame) -> bool:
    """Does the call construct objects of the project that are no sessions? Then nobody need read its arguments."""
    return all(
        isinstance(callee, Cls) and attributes.class_kind(model, callee) is not Kind.SESSION
        for callee in model.values(call.func, frame)
    )


def has_session(model: Model, values: Values) -> bool:
    """Is a session among the values, or an element of a tuple, list or dictionary there?"""
    return any(is_session(model, part) for value in values for part in parts(value))


def contains(values: Values, session: Value) -> bool:
    """Is this session among the values, or an element of a tuple, list or dictionary there?"""
    return any(session in parts(value) for value in values)


def parts(value: Value) -> Values:
    """The value itself, or the elements of a collection."""
    match value:
        case Items(elements):
            return frozenset().union(*elements)
        case Elements(values):
            return values
        case Mapping(entries):
            return frozenset().union(*(values for _, values in entries))
    return frozenset({value})


def held(model: Model, holder: Value, depth: int = 0) -> Values:
    """What an object of the project was made with or keeps in an attribute, and what such objects hold in turn."""
    if isinstance(holder, Super):
        holder = holder.receiver
    if not isinstance(holder, Instance) or depth > _NESTED:
        return NOTHING
    known = model.held.get((holder, depth))
    if known is None:
        model.held[holder, depth] = NOTHING  # for objects that hold each other
        kept = [values for _, values in holder.args]
        kept += [
            attributes.of_instance(model, holder, holder.cls, name)
            for name in _kept_names(model, holder)
        ]
        found = {part for values in kept for value in values for part in parts(value)}
        inner = [held(model, value, depth + 1) for value in found]
        known = model.held[holder, depth] = frozenset(found).union(*inner)
    return known


def _kept_names(model: Model, holder: Instance) -> list[str]:
    """The attributes that the class of an object declares or fills from variables and calls."""
    names: dict[str, None] = {}
    for base in attributes.mro(model, holder.cls):
        if isinstance(base, Cls):
            names |= dict.fromkeys(_filled(base.block))
    return list(names)


@remembered
def _filled(cls: Block) -> list[str]:
    stores = [(n, s) for n, found in attributes.self_stores(cls).items() for s in found]
    fields = [(n, s) for n, found in cls.bindings.items() for s in found]
    return [
        name for name, store in stores if isinstance(getattr(store.origin, "value", None), _GIVEN)
    ] + [
        name
        for name, field in fields
        if isinstance(field.origin, Assigned) and field.origin.annotation is not None
    ]


_GIVEN = ast.Name | ast.Call | ast.Attribute | ast.BoolOp | ast.IfExp | ast.Await


class Sought:
    """One object, looked for in the expressions of one activation; `opening` is the call there that makes it."""

    def __init__(
        self, model: Model, frame: Frame, sought: Value, opening: ast.Call | None = None
    ) -> None:
        self._model = model
        self._frame = frame
        self._sought = sought
        self._opening = opening

    def is_it(self, node: ast.expr) -> bool:
        """Can the expression be the object?"""
        if node is self._opening:
            return True
        if isinstance(node, ast.Await | ast.NamedExpr):
            return self.is_it(node.value)
        if not isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
            return False
        return self._sought in self._model.values(node, self._frame)

    def has_it(self, node: ast.expr) -> bool:
        """Is the expression the object, a call that hands it on (`cast`, `closing`), or a collection with it?"""
        if self.is_it(node):
            return True
        match node:
            case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
                return any(map(self.has_it, parts))
            case ast.Dict(values=parts) | ast.BoolOp(values=parts):
                return any(map(self.has_it, parts))
            case ast.IfExp(body=body, orelse=other):
                return self.has_it(body) or self.has_it(other)
            case ast.Starred(value=value):
                return self.has_it(value)
            case ast.Call():
                values = self._model.values(node, self._frame)
                return self._sought in values or any(
                    isinstance(value, Entering) and self._sought in value.values for value in values
                )
        return False

    def is_given_to(self, call: ast.Call) -> bool:
        """Is the object among the arguments of a call?"""
        return any(map(self.has_it, (*call.args, *(k.value for k in call.keywords))))

    def is_held_by(self, node: ast.expr) -> bool:
        """Is the expression an object of the project that was made with this one, or keeps it?"""
        return any(
            self._sought in held(self._model, value)
            for value in self._model.values(node, self._frame)
        )
