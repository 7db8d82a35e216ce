"""Which async sessions expire what they hold when they commit, and where one gets to a commit at all."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import attributes, passing
from .knowledge import Kind
from .spelling import last_name
from .trails import Trails
from .values import Cls, Constant, Made, Value

if TYPE_CHECKING:
    from .inference import Model

_MAKES = re.compile(
    r"\bAsyncSession(?:\[[^\]]*\])?\(|\b(?:async_)?sessionmaker(?:\[[^\]]*\])?\((?!\))"
)
"""What may make an async session or maker; `sessionmaker()` is rather the call of a maker that is called so."""
_EXPIRES = ("commit", "rollback", "begin")


def may_expire(model: Model) -> bool:
    """Does a file at hand make a session or maker without a word on `expire_on_commit`?"""
    for path in model.project.saying(model.linted.path, "sessionmaker", "AsyncSession"):
        source = model.project.source(path)
        if source is not None and _makes_expiring(source.text):
            return True
    return False


def names_that_expire(model: Model) -> frozenset[str]:
    """The names by which the linted file gets to a commit or rollback."""
    trails = model.project.trails.get(_EXPIRES)
    if trails is None:
        trails = model.project.trails[_EXPIRES] = Trails(model.project, _EXPIRES)
    return trails.names(model.linted.path)


@functools.lru_cache(maxsize=8192)
def _makes_expiring(text: str) -> bool:
    made = len(_MAKES.findall(text)) - len(
        re.findall(r"expire_on_commit[\"']?\s*[=:]\s*False", text)
    )
    return made > 0


def expires(model: Model, session: Value) -> bool:
    """Is it an async session, and made so, as all can see, that its commit expires what it holds?"""
    if not isinstance(session, Made) or not attributes.is_async(model, session):
        return False
    made: Value | None = session
    while isinstance(made, Made) and attributes.kind_of(model, made) is not Kind.ENGINE:
        if made.declared or (made.call is None and made.origin is None):
            return False
        given = passing.argument_values(model, made, "expire_on_commit")
        if given is not None:
            return given == frozenset({Constant(True)})
        module = model.project.module(made.site.path)
        if module is None or module.may_say(".configure("):
            return False
        made = made.origin
    return made is None


def leaves_expiry_open(model: Model) -> Iterator[Made]:
    """The async makers and sessions that the linted file makes without a word on `expire_on_commit`."""
    spelled_so = {"async_sessionmaker", "sessionmaker", "AsyncSession", *model.linted.renamed}
    for call, block in model.linted.calls():
        target = call.func.value if isinstance(call.func, ast.Subscript) else call.func
        if last_name(target) not in spelled_so:
            continue
        for value in model.values(call, model.frame(block)):
            if not isinstance(value, Made) or value.call is not call or value.origin is not None:
                continue
            if attributes.kind_of(model, value) not in (Kind.MAKER, Kind.SESSION):
                continue
            if attributes.is_async(model, value) and not _may_be_set(model, value):
                yield value


def _may_be_set(model: Model, made: Made) -> bool:
    """Is `expire_on_commit` set: by an argument, by `configure()`, or by the `__init__` of a class of the project?"""
    if passing.argument_values(model, made, "expire_on_commit") is not None:
        return True
    classes = passing.argument_values(model, made, "class_") or frozenset()
    return any(
        isinstance(base, Cls) and "__init__" in base.block.bindings
        for cls in classes
        if isinstance(cls, Cls)
        for base in attributes.mro(model, cls)
    ) or model.linted.may_say(".configure(")
