"""What the model knows about libraries, as data. Supporting one more framework is adding rows.

Names are canonical: top-level package and the name that users write, whatever submodule it was
imported from (`sqlalchemy.AsyncSession`); a method follows its class (`sqlalchemy.Engine.connect`).
`tests/test_knowledge.py` looks every row up in the installed libraries.
"""

from __future__ import annotations

import sys
from functools import cache

from . import concurrency, settings, sqlalchemy, tasks, web
from .concurrency import CACHES, CONTEXT_MANAGERS
from .settings import CONSTRUCTORS, ENVIRONMENT, FIELDS, MODELS, VALIDATORS
from .sqlalchemy import (
    AWAITED,
    COROUTINES,
    CREATOR_WORDS,
    CREATORS,
    IO_METHODS,
    PLAIN,
    STARTABLES,
)
from .terms import Kind, Role, Takes, Type
from .web import EVENTS

__all__ = [
    "ATTRIBUTES",
    "AWAITED",
    "CACHES",
    "CONSTRUCTORS",
    "CONTEXT_MANAGERS",
    "COROUTINES",
    "CREATORS",
    "CREATOR_WORDS",
    "DECORATORS",
    "DISPATCHED",
    "ENVIRONMENT",
    "EVENTS",
    "FIELDS",
    "FUNCTIONS",
    "IO_METHODS",
    "KEEPS_RECEIVER",
    "LIBRARIES",
    "MODELS",
    "NAMES",
    "PLAIN",
    "REEXPORTS",
    "RETURNS",
    "SAME_AS",
    "STANDARD_LIBRARY",
    "STARTABLES",
    "TAKES",
    "TYPES",
    "VALIDATORS",
    "VIEWS",
    "Kind",
    "Role",
    "Takes",
    "Type",
    "ancestry",
    "canonical",
    "member",
]

TYPES = {**sqlalchemy.TYPES, **web.TYPES, **tasks.TYPES, **concurrency.TYPES}

RETURNS = {**sqlalchemy.RETURNS, **web.RETURNS, **tasks.RETURNS, **concurrency.RETURNS}
"""What a function or method returns (awaited or entered, where it must be)."""

KEEPS_RECEIVER = sqlalchemy.KEEPS_RECEIVER | tasks.KEEPS_RECEIVER
"""Methods that return what they are called on."""

ATTRIBUTES = {**sqlalchemy.ATTRIBUTES, **web.ATTRIBUTES, **tasks.ATTRIBUTES}
"""Attributes that are a view of their owner or belong to it: type.attribute → type."""

VIEWS = frozenset(sqlalchemy.VIEWS)

SAME_AS = {**sqlalchemy.SAME_AS, **concurrency.SAME_AS}
"""Other spellings of a canonical name."""

REEXPORTS = {**sqlalchemy.REEXPORTS, **web.REEXPORTS}
"""A library that hands on the names of another, or has names of its own that mean the same."""

DECORATORS = {**web.DECORATORS, **tasks.DECORATORS}
"""Decorators (a method of an app, or a function) that make a function run in a role."""

TAKES = {**web.TAKES, **tasks.TAKES}
"""Functions, methods and constructors that take a function and run it."""

DISPATCHED = {**web.DISPATCHED, **tasks.DISPATCHED}
"""Methods of subclasses that the framework calls, by base class."""

FUNCTIONS = sqlalchemy.FUNCTIONS | web.FUNCTIONS | concurrency.FUNCTIONS | settings.FUNCTIONS
"""Further functions that the model or a rule knows by their canonical name."""

NAMES = frozenset().union(
    *(TYPES, RETURNS, SAME_AS, SAME_AS.values(), DECORATORS, TAKES, EVENTS, DISPATCHED),
    *(CACHES, CONTEXT_MANAGERS, FUNCTIONS),
)
LIBRARIES = frozenset(name.partition(".")[0] for name in NAMES) | frozenset(REEXPORTS)
STANDARD_LIBRARY = sys.stdlib_module_names


@cache
def canonical(dotted: str) -> str:
    """The name under which the tables know `dotted`; unknown names come back as they are."""
    if dotted.startswith("multiprocessing.dummy"):
        return dotted
    parts = dotted.split(".")
    top = parts[0]
    if top not in LIBRARIES:
        return dotted
    for library in (top, REEXPORTS.get(top)):
        if library is None:
            continue
        for length in (2, 1):
            # no method without its class: `aiohttp.ClientSession.get` is not `aiohttp.get`
            if len(parts) > length and not parts[-length - 1][:1].isupper():
                name = ".".join((library, *parts[-length:]))
                name = SAME_AS.get(name, name)
                if name in NAMES:
                    return name
    return dotted


@cache
def ancestry(type_name: str) -> tuple[str, ...]:
    """The type and its bases, near to far."""
    found = [type_name]
    for base in TYPES[type_name].bases if type_name in TYPES else ():
        found.extend(ancestry(base))
    return tuple(found)


@cache
def member(type_name: str, name: str) -> str:
    """The canonical name of a method or attribute: that of the nearest base with a row for it."""
    for base in ancestry(type_name):
        key = f"{base}.{name}"
        if key in NAMES or key in ATTRIBUTES or key in KEEPS_RECEIVER:
            return key
    return f"{type_name}.{name}"
