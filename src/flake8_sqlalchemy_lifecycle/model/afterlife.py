"""Afterlife: work that a function hands over together with a session, and what closes the session under it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .endings import Ending, ending, may_end
from .handovers import Handover, Later, sessions_of
from .launches import Launches
from .session_uses import name_of_session
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
            if end is not None or handover.later is Later.ELSEWHERE:
                name = name_of_session(model, frame, session, use)
                yield Surviving(handover.call, handover, session, name, end)
                break
