"""LSA201, LSA202: the start-up and shutdown handlers of an app become one lifespan, or join the one that it has."""

from __future__ import annotations

import libcst as cst

from ..finding import Finding
from ..model.apps import site_of
from ..model.event_runs import handled_events
from ..model.events import Event
from ..model.inference import Model
from ..model.knowledge import Role
from ..model.lifespans import lifespans_of
from ..model.unwired import unwired
from ..model.values import Constant, Made, Value
from . import CannotFix
from .all_handlers import all_handlers
from .constructions import construction_of, give_lifespan, without_events
from .draft import Draft
from .joined_lifespan import join
from .new_lifespan import NewLifespan
from .registrations import Registrations


def fix(draft: Draft, finding: Finding) -> None:
    """Take all handlers of the app out, and call them in its lifespan."""
    event = _event_at(draft.model, finding)
    app = _owner(event)
    construction, block = construction_of(draft.model, app)
    assert isinstance(app, Made)
    events, home = all_handlers(draft, app, block)
    given = lifespans_of(draft.model, app)
    if given.unknown:
        raise CannotFix("whether the app has a lifespan already is not known")
    steps = Registrations(draft, construction, home).take(events)
    starts = [step for step in steps if step.role is Role.STARTUP]
    ends = [step for step in steps if step.role is Role.SHUTDOWN]
    if given.values != {Constant(None)}:
        if finding.code == "LSA201":
            raise CannotFix("there is a lifespan already, beside which the handlers may run")
        join(draft, given, home, starts, ends)
        draft.change(construction, cst.Call, without_events)
        return
    if finding.code == "LSA202":
        raise CannotFix("what runs the handlers of the router is replaced later")
    _refuse_forgotten(draft.model, app)
    name = NewLifespan(draft, app, construction, block, home).write(starts, ends)
    give_lifespan(draft, construction, cst.Name(name))


def _event_at(model: Model, finding: Finding) -> Event:
    place = finding.span.line, finding.span.column
    for event in handled_events(model):
        if (event.node.lineno, event.node.col_offset) == place:
            return event
    raise CannotFix("the registration is not found again")


def _owner(event: Event) -> Value:
    """The one app that the event is registered on."""
    owners = {site_of(owner): owner for owner in event.owners}
    if len(owners) != 1:
        raise CannotFix("the handler is registered on several apps")
    return next(iter(owners.values()))


def _refuse_forgotten(model: Model, app: Made) -> None:
    """Refuse to write a lifespan beside one that somebody forgot to give to the app."""
    for forgotten in unwired(model):
        if forgotten.app == app.site:
            raise CannotFix(
                f"{forgotten.block.name}() is to be the lifespan, and no app is given it"
            )
