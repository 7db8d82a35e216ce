"""What a server's parent process makes before it forks its workers."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import TYPE_CHECKING

from . import calls
from .child_hooks import celery_hooks, server_hooks
from .engines import root
from .imported_engines import run_by_import
from .knowledge import CREATOR_WORDS
from .knowledge.processes import PARENT_HOOKS, PARENT_SIGNALS
from .trails import EVERY_NAME, Trails
from .values import Frame, Made

if TYPE_CHECKING:
    from .inference import Model

_MOST_FRAMES = 500
_KEY = ("made before forks",)


def is_made_before(model: Model, engine: Made) -> bool:
    """Is the engine made at import, or by what import or a hook of the parent runs?

    One that is made where it is first needed, in a worker, is the worker's own.
    """
    frame = root(engine).frame
    if frame is None or not frame.block.is_function:
        return True
    trails = model.project.trails.get(_KEY)
    if trails is None:
        trails = model.project.trails[_KEY] = Trails(model.project, CREATOR_WORDS, most=EVERY_NAME)
    names = trails.names(model.linted.path) | frozenset(CREATOR_WORDS)

    def leads(words: Set[str]) -> bool:
        return not names.isdisjoint(words)

    waiting = list(_run_by_parent(model))
    seen = set(waiting)
    most = len(seen) + _MOST_FRAMES
    while waiting and len(seen) < most:
        current = waiting.pop()
        if current.block is frame.block:
            return True
        for step in calls.steps(model, current, leads):
            if step.callee not in seen:
                seen.add(step.callee)
                waiting.append(step.callee)
    return False


def _run_by_parent(model: Model) -> Iterator[Frame]:
    """What the files at hand run when they are imported, and their hooks in the parent."""
    for path in model.project.closure(model.linted.path):
        module = model.project.module(path)
        if module is None:
            continue
        yield from (model.frame(block) for block in run_by_import(module.block))
        for hook in (
            *celery_hooks(model, module, PARENT_SIGNALS),
            *server_hooks(model, module, PARENT_HOOKS),
        ):
            yield from (child.frame for child in hook.children)
