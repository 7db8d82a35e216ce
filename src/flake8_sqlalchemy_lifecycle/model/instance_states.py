"""What a session's instances are to it at some point of a function: by variable, new, loaded or expired."""

from __future__ import annotations

from enum import IntEnum

from .ways import Outcome

RESULT = "<result>"
OTHERS = "<others>"
CLOSED = "<closed>"
"""Names that no variable has: what the function returned, what it does not name, and that the session is closed."""


class Status(IntEnum):
    """What an instance is to the session. The greater, the worse to read."""

    NEW = 0  # added, and not written yet
    LIVE = 1  # its attributes are loaded
    EXPIRED = 2


State = frozenset[tuple[str, Status]]


def get(state: State, name: str) -> Status | None:
    """What the variable's instance is; None if it holds none."""
    return next((status for key, status in state if key == name), None)


def put(state: State, name: str, status: Status) -> State:
    """The state in which the variable holds such an instance."""
    return without(state, name) | {(name, status)}


def without(state: State, *names: str) -> State:
    """The state in which these variables hold no instance any more."""
    return frozenset(item for item in state if item[0] not in names)


def closed(state: State) -> State:
    """A session that is closed lets go of its instances: what is loaded stays, what is expired stays so."""
    return frozenset(item for item in state if item[1] is Status.EXPIRED) | {
        (CLOSED, Status.EXPIRED)
    }


def worst(states: list[State]) -> State:
    """What holds after one of several ways: of each instance the worst."""
    found: dict[str, Status] = {}
    for state in states:
        for name, status in state:
            found[name] = max(status, found.get(name, status))
    return frozenset(found.items())


def expires_any(out: Outcome[State]) -> bool:
    """Is an instance expired on some way out?"""
    return any(
        Status.EXPIRED is status for states in out.values() for s in states for _, status in s
    )
