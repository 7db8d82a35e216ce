"""Afterlife: work that a function hands over together with a session, and what closes the session under it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import attributes, calls
from .endings import Closing, Ending, ending, may_end
from .flow import position
from .handovers import Handover, Later, sessions_of
from .knowledge.later import BLOCKING_SCHEDULERS
from .launches import Launches
from .paths import is_operation, runs_per_request
from .session_uses import SessionUses, name_of_session
from .values import Frame, Instance, Made

if TYPE_CHECKING:
    from .inference import Model

Find = Callable[["Model", Frame], Iterator[Handover]]


@dataclass(frozen=True, slots=True)
class Surviving:
    """A session that goes along with handed over work, and what ends it (for another process that may be unknown)."""

    place: ast.Call
    handover: Handover
    session: Made | Instance
    name: str
    ending: Ending | None


def surviving(model: Model, find: Find, launches: Launches) -> Iterator[Surviving]:
    """The sessions that the linted file hands over with work, one for each hand-over."""
    seen: set[ast.Call] = set()
    for block in model.linted.functions():
        frame = model.frame(block)
        found = list(_in(model, find, frame)) if launches.may_be_in(block) else []
        for call, activation in launches.handed_on(frame):
            if any(_in(model, find, model.frame(activation.block))):
                continue  # the helper's own file shows it
            for inner in _in(model, find, activation):
                here = activation.block.module is model.linted
                place = inner.place if here else call
                found.append(
                    Surviving(place, inner.handover, inner.session, inner.name, inner.ending)
                )
        for one in found:
            if one.handover.call not in seen:
                seen.add(one.handover.call)
                yield one


def _in(model: Model, find: Find, frame: Frame) -> Iterator[Surviving]:
    for handover in find(model, frame):
        if handover.later is not Later.ELSEWHERE and not may_end(model, frame):
            return
        for session, use in sessions_of(model, handover).items():
            end = ending(model, frame, session, handover.call)
            if end is not None and _waits_first(model, handover, end):
                continue
            if end is not None or handover.later is Later.ELSEWHERE:
                name = name_of_session(model, frame, session, use)
                yield Surviving(handover.call, handover, session, name, end)
                break


def _waits_first(model: Model, handover: Handover, end: Ending) -> bool:
    """Does the function that closes the session wait for something else before, perhaps as long as the work runs?

    A handler does not, nor a command of a bot: they answer. The main function of a program
    does, and its sessions live as long as the program.
    """
    if end.closing is not Closing.HERE or handover.later not in (Later.ALONE, Later.SCHEDULED):
        return False
    if runs_per_request(model, end.block) or is_operation(model, end.block):
        return False
    finder = SessionUses(model, asynchronous=None)
    frame = model.frame(end.block)
    statements = {node for node, _ in finder.inside(frame)}
    after = (node for node in end.block.nodes if position(node) > position(handover.call))
    for node in after if handover.frame.block is end.block else end.block.nodes:
        if isinstance(node, ast.While | ast.AsyncFor):
            return True
        if isinstance(node, ast.Await) and node.value not in statements:
            return True
        if isinstance(node, ast.Call) and _blocks(model, node, frame):
            return True
    return False


def _blocks(model: Model, call: ast.Call, frame: Frame) -> bool:
    """`scheduler.start()` of a scheduler that runs its jobs there and then, `time.sleep()`."""
    function = call.func
    if not isinstance(function, ast.Attribute) or function.attr not in ("start", "sleep"):
        return False
    if "time.sleep" in calls.names_of(model, model.values(function, frame)):
        return True
    owners = model.values(function.value, frame)
    return any(attributes.type_name(model, owner) in BLOCKING_SCHEDULERS for owner in owners)
