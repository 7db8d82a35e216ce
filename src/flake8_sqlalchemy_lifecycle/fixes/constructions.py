"""The construction of an app: where it is, what is written above it, and the lifespan that it gets."""

from __future__ import annotations

import ast

import libcst as cst

from ..model.apps import call_at
from ..model.inference import Model
from ..model.scopes import Block
from ..model.values import Instance, Made, Value
from . import CannotFix
from .arguments import find, with_keyword, without_keyword
from .draft import Draft
from .edits import Statement
from .removal import split

_BLANK = cst.EmptyLine(indent=False)
_EVENTS = ("on_startup", "on_shutdown")


def construction_of(model: Model, app: Value) -> tuple[ast.Call, Block]:
    """The call of the library's class that makes the app, in this file."""
    if isinstance(app, Instance):
        name = app.cls.block.name
        raise CannotFix(f"what the constructor of {name} does with a lifespan is not known")
    if not isinstance(app, Made) or app.declared:
        raise CannotFix("the app is made elsewhere")
    if app.site.path != model.linted.path:
        path = model.project.display(app.site.path)
        raise CannotFix(f"the app is made in {path}:{app.site.line}")
    found = call_at(model, app.site)
    if found is None:
        raise CannotFix("the call that makes the app is not found")
    return found


def insert_above(draft: Draft, place: ast.AST, function: Statement) -> None:
    """Put a function above the statement of a node, in the usual distance."""
    statement = draft.statement(place)
    block = draft.block(statement)
    apart = [_BLANK] * (2 if isinstance(block, cst.Module) else 1)
    lines = [*statement.leading_lines]
    blank = next((i for i, line in enumerate(lines) if line.comment), len(lines))
    above = [*lines[:blank], *apart[blank:]] if draft.index(statement) else []
    comments = split(function)[1]
    draft.before(statement, function.with_changes(leading_lines=[*above, *comments]))

    def lower(old: cst.BaseStatement) -> cst.BaseStatement:
        return old.with_changes(leading_lines=[*apart, *lines[blank:]])

    draft.change(statement, type(statement), lower)


def give_lifespan(draft: Draft, construction: ast.Call, value: cst.BaseExpression) -> None:
    """Note `lifespan=` to be given to a constructor, in the place of a keyword of events if there is one."""
    call = draft.node(construction, cst.Call)
    given = find(call, "lifespan")
    if given is not None and not (
        isinstance(given.value, cst.Name) and given.value.value == "None"
    ):
        raise CannotFix("the app is given a lifespan that may be None")
    draft.change(construction, cst.Call, lambda old: _with_lifespan(old, value))


def without_events(call: cst.Call) -> cst.Call:
    """A call without the keywords that take event handlers."""
    for word in _EVENTS:
        if find(call, word) is not None:
            call = without_keyword(call, word)
    return call


def _with_lifespan(call: cst.Call, value: cst.BaseExpression) -> cst.Call:
    words = ("lifespan", *_EVENTS)
    given = [arg for arg in call.args if arg.keyword is not None and arg.keyword.value in words]
    if not given:
        return with_keyword(call, "lifespan", value)
    place = find(call, "lifespan") or given[0]
    new = place.with_changes(keyword=cst.Name("lifespan"), value=value)
    args = [new if arg is place else arg for arg in call.args]
    return without_events(call.with_changes(args=args))
