"""The words in which the tables speak."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeVar

_Row = TypeVar("_Row")


class Kind(Enum):
    """The kinds of objects that rules speak of."""

    ENGINE = auto()
    MAKER = auto()
    REGISTRY = auto()
    SESSION = auto()
    CONNECTION = auto()
    TRANSACTION = auto()
    APP = auto()
    ROUTER = auto()
    TASKS = auto()  # task groups and nurseries
    STACK = auto()  # contextlib's exit stacks
    LOCK = auto()
    PROCESS = auto()
    PROCESS_POOL = auto()
    SETTINGS = auto()


@dataclass(frozen=True, slots=True)
class Type:
    """A library's class: its kind, the names of its bases, and whether it belongs to asyncio."""

    kind: Kind | None = None
    bases: tuple[str, ...] = ()
    is_async: bool = False


class Role(Enum):
    """Why a function runs."""

    REQUEST = auto()  # once per request
    OPERATION = auto()  # once per task, job, message or resolver call
    STARTUP = auto()
    SHUTDOWN = auto()
    LIFESPAN = auto()  # start-up before its yield, shutdown after it


@dataclass(frozen=True, slots=True)
class Takes:
    """An argument whose function (or functions: list, dict) the callee runs in a role.

    `once` tells that a class given there is instantiated once, not for each run; `kept_by` is the keyword that makes
    the callee keep what the function gives, so that it runs once.
    """

    role: Role
    keyword: str
    index: int | None = None
    once: bool = False
    kept_by: str | None = None


def words(text: str) -> frozenset[str]:
    """The names in a text that has blanks between them."""
    return frozenset(text.split())


def rows(owners: str, names: str, row: _Row) -> dict[str, _Row]:
    """The same row for each name of each owner: `rows("a.B a.C", "x y", 1)["a.C.x"] == 1`."""
    return {f"{owner}.{name}": row for owner in owners.split() for name in names.split()}
