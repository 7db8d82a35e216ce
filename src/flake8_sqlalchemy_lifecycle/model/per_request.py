"""The engines that are made once per request, and the way from a request to each of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import calls, paths
from .calls import Step
from .creations import (
    creations_in,
    is_exception,
    is_for_input_and_ended,
    is_made_once,
    is_made_per_request,
    leads_to_creations,
    names_that_lead_to_creations,
)
from .decorated import is_called_as_written
from .engine_fates import Fate, follow
from .flow import position
from .paths import Path
from .scopes import Block
from .values import Frame, Made, Site, TypeForm

if TYPE_CHECKING:
    from .inference import Model

_PROVIDER_STEPS = 3


@dataclass(frozen=True, slots=True)
class Cause:
    """An engine's creation, how a request gets there, and the place in the linted file that leads to it.

    `asked` tells that a request is known to get there: not so for a provider, which somebody will ask.
    """

    engine: Made
    path: Path
    place: ast.expr
    asked: bool = True


def per_request(model: Model) -> list[Cause]:
    """The engines that the linted file makes for each request, or leads to; of each the first way in the text."""
    names = names_that_lead_to_creations(model)
    if not any(name in model.linted.source.text for name in names):
        return []
    first: dict[Site, Cause] = {}
    for cause in (*_from_requests(model), *_from_providers(model)):
        known = first.get(cause.engine.site)
        if known is None or position(cause.place) < position(known.place):
            first[cause.engine.site] = cause
    return list(first.values())


def _from_requests(model: Model) -> Iterator[Cause]:
    leads = leads_to_creations(model)
    for root in paths.request_roots(model, leads(paths.LONGEST)):
        start = calls.entry(model, root.function)
        if is_made_once(model, root.function):
            continue
        for path in paths.walk(model, start, leads):
            causes = list(_causes(model, path, root.node))
            if causes and not _is_reported_elsewhere(model, path):
                yield from causes


def _is_reported_elsewhere(model: Model, path: Path) -> bool:
    """Does the path lead through a function of another file which that file shows to run per request?

    So does the file of an alias that names it in a `Depends(…)`.
    """
    return any(
        frame.block.module is not model.linted and paths.runs_per_request(model, frame.block)
        for frame in path.frames
    ) or any(
        paths.is_given_to_requests(model, step.callee.block, alias.block.module)
        for step in path.steps
        for alias in _aliases_at(model, step)
        if alias.block.module is not model.linted
    )


def _aliases_at(model: Model, step: Step) -> Iterator[Frame]:
    """Where the alias is made by which a parameter's annotation names a dependency."""
    if isinstance(step.node, ast.Name | ast.Attribute) and step.caller.closure is not None:
        for value in model.values(step.node, step.caller.closure):
            if isinstance(value, TypeForm):
                yield value.frame


def _from_providers(model: Model) -> Iterator[Cause]:
    leads = leads_to_creations(model)
    may_lead = leads(_PROVIDER_STEPS + 1)
    for block in model.linted.functions():
        if not may_lead(block.words) or not (block.yields or block.returns):
            continue
        function = paths.as_function(model, block)
        if is_made_once(model, function) or _is_named_elsewhere(model, block):
            continue
        start = calls.entry(model, function)
        for path in paths.walk(model, start, leads, _PROVIDER_STEPS):
            causes = [c for c in _causes(model, path, block.node) if _is_dropped(model, c)]
            asked = is_made_per_request(model, function)
            if causes and (asked or paths.provides_session(model, block)):
                if is_called_as_written(model, start):
                    yield from (replace(cause, asked=asked) for cause in causes)


def _is_dropped(model: Model, cause: Cause) -> bool:
    """Does no function on the provider's way keep the engine, or what is made with it, or dispose it?"""
    call: ast.AST | None = cause.engine.call
    for frame, step in zip(
        reversed(cause.path.frames), (*reversed(cause.path.steps), None), strict=True
    ):
        if not isinstance(call, ast.Call | ast.Attribute):
            return False
        followed = follow(model, frame, call, cause.engine.site)
        if followed.disposes or Fate.KEPT in followed.fates:
            return False
        call = step.node if step is not None else None
    return True


def _causes(model: Model, path: Path, root: ast.AST) -> Iterator[Cause]:
    for engine in creations_in(model, path.end):
        if is_for_input_and_ended(model, engine, path.end) or is_exception(model, engine, path.end):
            continue
        place = place_of(model, path, engine, root)
        if place is not None:
            yield Cause(engine, path, place)


def place_of(model: Model, path: Path, engine: Made, root: ast.AST) -> ast.expr | None:
    """The creating call if it is in the linted file, else the expression by which the path leaves this file."""
    if path.end.block.module is model.linted:
        return engine.call
    for step in path.steps:
        if (
            step.callee.block.module is not model.linted
            and step.caller.block.module is model.linted
        ):
            return step.node if isinstance(step.node, ast.expr) else None
    return root if isinstance(root, ast.expr) else None


def _is_named_elsewhere(model: Model, provider: Block) -> bool:
    """Does other code of the file use the provider? Then who calls it decides."""
    return any(
        provider.name in block.words
        for block in model.linted.functions()
        if block is not provider and provider not in _around(block)
    ) or any(
        isinstance(node, ast.Name) and node.id == provider.name for node in model.linted.block.nodes
    )


def _around(block: Block) -> Iterator[Block]:
    current = block.parent
    while current is not None:
        yield current
        current = current.parent
