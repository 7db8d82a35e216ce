"""LSA203: a lifespan disposes, in its `finally`, the engine that it leaves open."""

from __future__ import annotations

import ast

from ..finding import Finding
from ..model import attributes
from ..model.bindings import Assigned, Imported
from ..model.leftovers import Leftover, leftovers
from ..model.lifespans import is_lifespan
from ..model.scopes import Block
from . import CannotFix
from .draft import Draft
from .finally_block import guard, only_yield, statement_in
from .positions import is_at


def fix(draft: Draft, finding: Finding) -> None:
    """Add `await engine.dispose()` behind the lifespan's `yield`."""
    for left in leftovers(draft.model):
        place = left.place
        is_there = is_at(place, finding.span)
        if is_there and finding.message.startswith(left.name):
            lifespan = _lifespan(draft, place)
            call = f"{_expression(draft, lifespan, left)}.dispose()"
            if attributes.is_async(draft.model, left.engine):
                call = f"await {call}"
            _add(draft, lifespan, call)
            return
    raise CannotFix("the engine is not found again")


def _lifespan(draft: Draft, place: ast.expr | ast.stmt) -> Block:
    """The lifespan that is reported, or in which the engine is made."""
    for block in draft.model.linted.functions():
        if block.node is place or place in block.parents:
            if block.is_async and block.yields and is_lifespan(draft.model, block):
                return block
    raise CannotFix("there is no lifespan in this file that could dispose it")


def _expression(draft: Draft, lifespan: Block, left: Leftover) -> str:
    """How the lifespan gets hold of the engine."""
    call = left.engine.call
    if call is not None and call in lifespan.parents:
        return _local(lifespan, call)
    module = draft.model.project.module(left.engine.site.path)
    if module is None or call is None or call not in module.block.parents:
        raise CannotFix(f"{left.name} has no name that a lifespan could use")
    bindings = module.block.bindings.get(left.name, [])
    if len(bindings) != 1 or not isinstance(bindings[0].origin, Assigned):
        raise CannotFix(f"{left.name} has no name that a lifespan could use")
    if bindings[0].origin.value is not call:
        raise CannotFix(f"{left.name} is more than the engine")
    if module is draft.model.linted:
        if left.name in lifespan.bindings:
            raise CannotFix(f"{left.name} is something else in {lifespan.name}()")
        return left.name
    dotted = _name_of_import(draft, module.path)
    return draft.imports.name(dotted, left.name)


def _local(lifespan: Block, call: ast.Call) -> str:
    """The variable or attribute in which the lifespan itself keeps the engine that it makes."""
    match lifespan.parents[call]:
        case ast.Assign(targets=[ast.Name() | ast.Attribute() as target], value=value):
            pass
        case ast.AnnAssign(target=ast.Name() | ast.Attribute() as target, value=value):
            pass
        case _:
            raise CannotFix("the engine has no name in the lifespan")
    yielding = statement_in(lifespan, only_yield(lifespan), lifespan.node.body)  # type: ignore[arg-type]
    made = statement_in(lifespan, call, lifespan.node.body)  # type: ignore[arg-type]
    if value is not call or made is yielding or not isinstance(made, ast.Assign | ast.AnnAssign):
        raise CannotFix("the engine is not always made where the lifespan yields")
    return ast.unparse(target)


def _name_of_import(draft: Draft, path: str) -> str:
    """The dotted name under which the file imports a module."""
    linted = draft.model.linted
    for bindings in linted.block.bindings.values():
        for binding in bindings:
            match binding.origin:
                case Imported(dotted=dotted, name=name, level=0) if name is not None:
                    for candidate in (dotted, f"{dotted}.{name}"):
                        if draft.model.project.resolve(linted.path, candidate, 0) == path:
                            return candidate
    raise CannotFix(f"the file does not import {draft.model.project.display(path)} itself")


def _add(draft: Draft, lifespan: Block, call: str) -> None:
    yielding = only_yield(lifespan)
    for around in lifespan.ancestors(yielding):
        if isinstance(around, ast.Try) and statement_in(lifespan, yielding, around.body):
            if around.finalbody:
                draft.after(around.finalbody[-1], call)
                return
    body = lifespan.node.body
    statement = statement_in(lifespan, yielding, body)  # type: ignore[arg-type]
    assert statement is not None
    guard(draft, lifespan, statement, call)
