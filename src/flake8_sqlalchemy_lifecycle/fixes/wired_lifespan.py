"""LSA205: the app is given the lifespan that is written beside it."""

from __future__ import annotations

import ast

import libcst as cst

from ..finding import Finding
from ..model.events import events_of
from ..model.flow import position
from ..model.scopes import Block
from ..model.unwired import apps_without, unwired
from ..model.values import Made, Value
from . import CannotFix
from .all_handlers import refuse_handlers_elsewhere
from .constructions import construction_of, give_lifespan, insert_above
from .draft import Draft
from .positions import is_at
from .removal import take_out


def fix(draft: Draft, finding: Finding) -> None:
    """Add `lifespan=` to the construction of the app, which then stands below the lifespan."""
    lifespan, app = _one_of_each(draft, finding)
    construction, block = construction_of(draft.model, app)
    assert isinstance(app, Made)
    for event in events_of(draft.model, app):
        where = f"{event.block.module.display}:{event.node.lineno}"
        raise CannotFix(f"the app has handlers that would not run any more: {where}")
    refuse_handlers_elsewhere(draft.model, app)
    _refuse_unseen(lifespan, block)
    if block is lifespan.parent and position(construction) < position(lifespan.node):
        _move_up(draft, lifespan, construction)
    name = cst.Name(lifespan.name)
    takes_several = app.type == "litestar.Litestar"
    give_lifespan(draft, construction, cst.List([cst.Element(name)]) if takes_several else name)


def _one_of_each(draft: Draft, finding: Finding) -> tuple[Block, Value]:
    """The lifespan that no app is given, and the app without one."""
    lifespans = [*unwired(draft.model)]
    apps = [*apps_without(draft.model)]
    if len(lifespans) != 1 or len(apps) != 1:
        raise CannotFix("which app is to be given which lifespan is not clear")
    place = lifespans[0].place
    if not is_at(place, finding.span):
        raise CannotFix("the lifespan is not found again")
    return lifespans[0].block, apps[0]


def _refuse_unseen(lifespan: Block, block: Block) -> None:
    """Refuse a lifespan whose name means nothing, or something else, where the app is made."""
    around: Block | None = block
    while around is not None and (around.is_class or lifespan.name not in around.bindings):
        around = around.parent
    if around is None or around is not lifespan.parent or len(around.bindings[lifespan.name]) > 1:
        raise CannotFix(f"{lifespan.name} is not the lifespan where the app is made")


def _move_up(draft: Draft, lifespan: Block, construction: ast.Call) -> None:
    """Move the lifespan above the app, if all that its header needs is there."""
    node = lifespan.node
    assert isinstance(node, ast.AsyncFunctionDef)
    assert lifespan.parent is not None
    header = [node.args, *node.decorator_list, *([node.returns] if node.returns else [])]
    names = [n.id for part in header for n in ast.walk(part) if isinstance(n, ast.Name)]
    for name in names:
        for binding in lifespan.parent.bindings.get(name, ()):
            if position(binding.node) > position(construction):
                raise CannotFix(f"{lifespan.name}() is below the app, and needs {name}")
    function = draft.node(node, cst.FunctionDef)
    take_out(draft, [function])
    insert_above(draft, construction, function)
