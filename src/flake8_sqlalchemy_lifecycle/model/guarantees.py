"""What a lifespan disposes only when all goes well: which disposals an exception at its yield passes over."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import attributes, disposal, handlers
from .disposal import Disposal, is_same
from .engines import has_no_pool
from .flow import are_exclusive, position
from .lifespans import is_lifespan
from .resumed import thrown_into
from .scopes import Block, Module
from .trails import Trails
from .unawaited import is_dropped
from .values import Frame, Generator, Made, Manager
from .ways import RAISED, Outcome, Walk, Watch, Way

if TYPE_CHECKING:
    from ..catalogue import Place
    from .inference import Model

_DEEPEST = 3


@dataclass(frozen=True, slots=True)
class Skipped:
    """A disposal of `engine` by `node`, in the generator behind `frame`, that an exception at its yield skips."""

    engine: Made
    node: ast.AST
    frame: Frame
    path: tuple[tuple[ast.expr, Frame], ...] = ()
    """The context managers through which the lifespan gets there, from the outermost one."""

    def place_in(self, module: Module) -> Place | None:
        """The disposal, if it stands in this file; else what leads to it there."""
        return next((n for n, m in self._places if m is module), None)  # type: ignore[return-value]

    @property
    def _places(self) -> Iterator[tuple[ast.AST, Module]]:
        yield self.node, self.frame.block.module
        for context, frame in reversed(self.path):
            yield context, frame.block.module

    @property
    def through(self) -> Iterator[Block]:
        """The generators through which the lifespan gets there, itself and the last one included."""
        yield from (frame.block for _, frame in self.path)
        yield self.frame.block

    @property
    def where(self) -> str:
        """The disposal's place, for messages."""
        return f"{self.frame.block.module.display}:{position(self.node)[0]}"


def skipped_here(model: Model) -> Iterator[tuple[Skipped, Place]]:
    """What the lifespans of the linted file, or those that it gives to its apps, skip; and where that is reported."""
    if not may_dispose(model):
        return
    linted = model.linted
    seen: set[Place] = set()
    for lifespan, construction in thrown_into(model):
        for skip in skipped(model, lifespan):
            if any(_tells(model, block) for block in skip.through if block.module is not linted):
                continue
            place = skip.place_in(linted) or construction
            if place not in seen:
                seen.add(place)
                yield skip, place


def _tells(model: Model, block: Block) -> bool:
    """Does the lifespan's own file show what is wrong with it?"""
    return is_lifespan(model, block) and any(skipped(model, model.frame(block)))


def may_dispose(model: Model) -> bool:
    """Does the linted file spell a name by which code gets to something called `dispose`?"""
    words = (disposal.WORD,)
    trails = model.project.trails.get(words)
    if trails is None:
        trails = model.project.trails[words] = Trails(model.project, words)
    names = trails.names(model.linted.path) | {disposal.WORD}
    return not names.isdisjoint(model.project.identifiers(model.linted.path))


def skipped(model: Model, lifespan: Frame, depth: int = 0) -> Iterator[Skipped]:
    """The disposals of a lifespan that do not happen when something is raised at its yield."""
    if not lifespan.block.yields:
        return
    found = [d for d in disposal.of_lifespan(model, lifespan) if _is_dispose(model, d)]
    handled = [d for d in _in_handlers(model, lifespan) if _is_dispose(model, d)]
    entered = _entered(model, lifespan, found, depth)
    seen: list[tuple[Made, ast.AST]] = []
    for each in sorted(found, key=_order):
        assert each.engine is not None
        if any(is_same(each.engine, engine) for engine, _ in seen) or has_no_pool(
            model, each.engine
        ):
            continue
        places = [d.place for d in found if d.engine and is_same(d.engine, each.engine)]
        seen.append((each.engine, each.place))
        bare = [s for s in entered if is_same(s.engine, each.engine)]
        plain = [p for p in places if p not in set(_contexts(lifespan))]
        if any(_is_before_yield(lifespan.block, p) for p in plain):
            continue  # registered on an exit stack, perhaps in a loop
        places += [d.place for d in handled if d.engine and is_same(d.engine, each.engine)]
        watch = _Watch(model, lifespan, places, [s.path[0][0] for s in bare])
        out = Walk(lifespan.block, watch).out(False)
        if not any(False in out.get(way, ()) for way in RAISED):
            continue
        if bare:
            yield bare[0]
        elif plain:
            yield Skipped(each.engine, plain[0], lifespan)


def _is_before_yield(block: Block, node: ast.AST) -> bool:
    return any(
        position(node) < position(y) and not are_exclusive(block, node, y) for y in block.yields
    )


def _order(disposal: Disposal) -> tuple[object, ...]:
    """By the text; of several engines that one call may dispose, the one that is made first in it."""
    site = disposal.engine.site if disposal.engine is not None else None
    return (*position(disposal.place), *((site.path, site.line, site.column) if site else ()))


def _is_dispose(model: Model, found: Disposal) -> bool:
    """Is it known which engine ends, and that it does?"""
    node, block = found.node, found.frame.block
    if isinstance(node, ast.Attribute):
        parent = block.parents.get(node)
        if not isinstance(parent, ast.Call) or parent.func is not node:
            return found.engine is not None and node.attr == disposal.WORD
        node = parent
    match node:
        case ast.Call(func=ast.Attribute(attr=disposal.WORD)) if found.engine is not None:
            is_async = attributes.is_async(model, found.engine)
            return not (is_async and is_dropped(model, node, block))
    return False


def _entered(model: Model, lifespan: Frame, found: list[Disposal], depth: int) -> list[Skipped]:
    """What the context managers around the yield skip when something is raised in their body."""
    inner: list[Skipped] = []
    for context in _contexts(lifespan) if depth < _DEEPEST else ():
        if any(d.place is context for d in found):
            for value in model.values(context, lifespan):
                if isinstance(value, Manager | Generator):
                    for each in skipped(model, value.frame, depth + 1):
                        path = ((context, lifespan), *each.path)
                        inner.append(Skipped(each.engine, each.node, each.frame, path))
    return inner


def _contexts(frame: Frame) -> Iterator[ast.expr]:
    for node in frame.block.nodes:
        if isinstance(node, ast.With | ast.AsyncWith):
            for item in node.items:
                yield item.context_expr


def _in_handlers(model: Model, frame: Frame) -> Iterator[Disposal]:
    """What the `except` clauses dispose."""
    for call in frame.block.calls:
        if any(isinstance(outer, ast.ExceptHandler) for outer in frame.block.ancestors(call)):
            callees = model.values(call.func, frame)
            yield from disposal.of_values(model, callees, call, frame)


class _Watch(Watch[bool]):
    """Watches whether an engine was disposed: by `places`, but not on leaving one of the `bare` contexts."""

    def __init__(
        self, model: Model, frame: Frame, places: list[ast.AST], bare: list[ast.expr]
    ) -> None:
        self._model = model
        self._frame = frame
        self._places = set(places)
        self._bare = set(bare)
        self.contexts: set[ast.AST] = self._places & set(_contexts(frame))

    def after(self, node: ast.AST, state: bool) -> bool:
        """Registered before the yield, or reached after it."""
        return state or (node in self._places and node not in self.contexts)

    def raises(self, node: ast.AST) -> tuple[Way, ...]:
        return RAISED if isinstance(node, ast.Yield) else ()

    def left(self, context: ast.expr, state: bool) -> bool:
        return state or (context in self.contexts and context not in self._bare)

    def swallows(self, context: ast.expr) -> bool:
        return handlers.swallows(self._model, self._frame, context)

    def catches(self, handler: ast.ExceptHandler, way: Way) -> bool | None:
        return handlers.catches(self._model, self._frame, handler, way)

    def chosen(self, test: ast.expr, branches: list[Outcome[bool]]) -> list[Outcome[bool]]:
        """`if engine: await engine.dispose()`: the branch that disposes."""
        del test
        ends = [any(True in states for states in branch.values()) for branch in branches]
        return [b for b, does in zip(branches, ends, strict=True) if does] or branches
