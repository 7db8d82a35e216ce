"""Providers: functions that give a framework a session of their own, and whether somebody ends it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .dependencies import Dependency, activations, consumers, dependencies, is_dependency, targets
from .holding import Hold, is_closed_by, ways_out
from .inference import Model
from .places import is_test
from .scopes import Block, Module
from .sessions import Opened, handed_out, is_plain, opened_in
from .sought import has_session, makes_other
from .values import Frame, Site
from .ways import Way

FINISHES_GENERATORS = (
    "dishka",
    "dependency-injector",
    "litestar",
    "modern-di",
    "punq",
    "that-depends",
    "wireup",
)
"""Containers, by the name of their distribution, that run what stands below a generator's `yield` in any case."""

_WORST_FIRST = (Way.ERROR, Way.CANCELLED, Way.NEXT, Way.RETURN)


def unguarded(model: Model, function: Block) -> Iterator[tuple[Opened, ast.Yield, Way]]:
    """The sessions that a generator, as a dependency, opens and yields and leaves open on some way out."""
    frame = model.frame(function)
    given = (node.value for node in function.yields)
    if not any(_is_session(model, value, frame) for value in given):
        return
    if is_plain(model, frame):
        for opened in opened_in(model, frame):
            found = _left_open_by_yield(model, opened)
            if found is not None and _is_asked_for(model, function):
                yield opened, *found


def _is_session(model: Model, given: ast.expr | None, frame: Frame) -> bool:
    """Is what is yielded a session? A dictionary with one is rather what a lifespan yields."""
    if given is None or isinstance(given, ast.Constant | ast.JoinedStr | ast.Dict):
        return False
    if isinstance(given, ast.Call) and makes_other(model, given, frame):
        return False
    return has_session(model, model.values(given, frame))


def _left_open_by_yield(model: Model, opened: Opened) -> tuple[ast.Yield, Way] | None:
    """The `yield` after which a session stays open, and the way on which it does."""
    out = ways_out(model, opened.frame, opened.session, opened.call)
    if any(state.hold is Hold.KEPT for states in out.values() for state in states):
        return None
    for way in _WORST_FIRST:
        for state in out.get(way, ()):
            if state.hold is Hold.BUSY and isinstance(state.since, ast.Yield):
                return state.since, way
    return None


def _is_asked_for(model: Model, generator: Block) -> bool:
    """Is the generator a dependency of a framework that does not finish generators whatever happens?"""
    if generator.name.startswith("__") and generator.name != "__call__":
        return False  # the protocol of a class
    shown = is_dependency(model, generator)
    if shown is not None:
        return shown
    if generator.module.may_say("fastapi"):
        return True
    declared = model.project.declared(generator.module.path)
    return not any(declared.declares(library) for library in FINISHES_GENERATORS)


def left_open(model: Model) -> Iterator[tuple[Dependency, Opened, str]]:
    """The open sessions that plain functions return to the linted file's dependencies, with who gets them.

    One for each cause, the first; none for a cause that the file which holds it shows itself.
    """
    for dependency, opened, consumer in _left_open(model, model.linted):
        site = opened.session.site
        others = {site.path, opened.frame.block.module.path} - {model.linted.path}
        if not any(_is_shown_in(model, path, site) for path in sorted(others)):
            yield dependency, opened, consumer


def _left_open(model: Model, module: Module) -> Iterator[tuple[Dependency, Opened, str]]:
    found: set[Site] = set()
    for dependency in dependencies(model, module):
        if dependency.is_dropped:
            continue
        for target in targets(model, dependency):
            for frame in activations(model, target):
                if not is_plain(model, frame):
                    continue
                for opened in handed_out(model, frame):
                    consumer = _left_open_by(model, dependency, opened)
                    if consumer is not None and opened.session.site not in found:
                        found.add(opened.session.site)
                        yield dependency, opened, consumer


def _left_open_by(model: Model, dependency: Dependency, opened: Opened) -> str | None:
    """The name of a consumer that does not close the session, "" if this file has no consumer; None: each closes it."""
    getting = list(consumers(dependency))
    for block in getting:
        if not is_closed_by(model, model.frame(block), opened.session):
            return block.qualname
    return None if getting else ""


def _is_shown_in(model: Model, path: str, site: Site) -> bool:
    module = model.project.module(path)
    if module is None or is_test(module):
        return False
    return any(opened.session.site == site for _, opened, _ in _left_open(model, module))
