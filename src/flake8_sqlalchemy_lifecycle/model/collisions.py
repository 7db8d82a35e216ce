"""Collisions: sessions that several strands of a function use at the same time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import calls
from .flow import are_exclusive, is_within, loops_around, position
from .passing import receiver_of
from .session_uses import SessionUses, Use, is_locked
from .strands import Strand
from .values import Coroutine, Frame, Instance, Made, Value, Values

if TYPE_CHECKING:
    from .inference import Model
    from .scopes import Block

_DEEPEST = 5


@dataclass(frozen=True, slots=True)
class Collision:
    """One session that several strands of a function use at the same time."""

    session: Value
    launch: ast.Call
    users: tuple[ast.expr, ...]
    use: Use


def collisions(finder: SessionUses, frame: Frame, strands: list[Strand]) -> Iterator[Collision]:
    """The sessions that several strands of a function use at once; the first launch for each session."""
    block = frame.block
    strands.sort(key=lambda strand: position(strand.launch))
    uses = {
        id(strand): {identity(used): (used, by) for used, by in finder.by(strand, frame).items()}
        for strand in strands
    }
    seen: set[Value | Use] = set()
    for strand in strands:
        for session, (used, mine) in uses[id(strand)].items():
            if session in seen or mine[0] in seen or _is_one_of_many(block, session):
                continue
            users: list[ast.expr] = []
            told = {session, *mine}
            if strand.loop is not None and not _is_made_within(block, session, strand.loop):
                if not all(use.locked for use in mine):
                    users = [strand.node]
            for other in strands:
                _, theirs = uses[id(other)].get(session, (None, []))
                if other is not strand and theirs and _at_once(block, strand, other):
                    if not (all(u.locked for u in mine) and all(u.locked for u in theirs)):
                        users = users or [strand.node]
                        users.append(other.node)
                        told.update(theirs)
            if not users:
                locked = all(use.locked for use in mine)
                rival = _use_beside(finder, frame, strand, session, locked)
                if rival is not None:
                    users = [strand.node, rival]
            if users:
                seen |= told  # what else the same expression can be is no second cause
                yield Collision(used, strand.launch, tuple(users), mine[0])


def identity(session: Value) -> Value:
    """The session as one of its own: what an object makes for itself is another one in each object."""
    if not isinstance(session, Made | Instance):
        return session
    sites = session.context
    maker: Made | Instance = session
    for _ in range(_DEEPEST):
        owner = receiver_of(maker.frame) if maker.frame is not None and not maker.context else None
        if not isinstance(owner, Instance):
            break
        sites += (owner.site, *owner.context)
        maker = owner
    return replace(session, context=sites)


def _at_once(block: Block, one: Strand, other: Strand) -> bool:
    if are_exclusive(block, one.node, other.node) or are_exclusive(block, other.node, one.node):
        return False
    if one.turns is not None and one.turns == other.turns:
        return False
    if one.group is other.group:
        return True
    first, second = sorted((one, other), key=lambda strand: strand.start)
    return second.start < first.end


def _is_one_of_many(block: Block, session: Value) -> bool:
    """Is the session made in a loop of the function, so that what looks like one are many?"""
    node = _creation(block, session)
    return node is not None and isinstance(
        next(loops_around(block, node), None),
        ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp,
    )


def _is_made_within(block: Block, session: Value, loop: ast.AST) -> bool:
    node = _creation(block, session)
    return node is not None and is_within(block, node, loop)


def _creation(block: Block, session: Value) -> ast.AST | None:
    """The call of this function that makes the session, if one does."""
    if not isinstance(session, Made | Instance):
        return None
    site = session.context[-1] if session.context else session.site
    if site.path != block.module.path:
        return None
    return next((c for c in block.calls if position(c) == (site.line, site.column)), None)


def _use_beside(
    finder: SessionUses, frame: Frame, strand: Strand, session: Value, is_locked_everywhere: bool
) -> ast.expr | None:
    """A use of the session by the function itself, after it started the strand and before it waited for it."""
    if strand.start == strand.end:
        return None
    model, block = finder.model, frame.block
    for node, used in finder.inside(frame):
        if (
            identity(used) == session
            and isinstance(node, ast.expr)
            and _is_beside(block, node, strand)
        ):
            if not (is_locked_everywhere and is_locked(model, frame, node)):
                return node
    for node in block.nodes:
        if isinstance(node, ast.Await | ast.Call) and _is_beside(block, node, strand):
            if any(
                session in map(identity, finder.of(activation))
                for activation in _run_by(finder, node, frame)
            ):
                return node.value if isinstance(node, ast.Await) else node
        elif isinstance(node, ast.AsyncWith | ast.With):
            if strand.start < _end(node) < strand.end and is_within(block, strand.launch, node):
                for item in node.items:
                    if session in entered(model, item, frame):
                        return item.context_expr
    return None


def _is_beside(block: Block, node: ast.AST, strand: Strand) -> bool:
    return (
        strand.start < position(node) < strand.end
        and not is_within(block, node, strand.launch)
        and not are_exclusive(block, strand.launch, node)
    )


def _run_by(finder: SessionUses, node: ast.Await | ast.Call, frame: Frame) -> Iterator[Frame]:
    """The activations that the function waits for itself: by `await`, or by a plain call of what is not async."""
    model = finder.model
    if isinstance(node, ast.Await):
        for value in model.values(node.value, frame):
            if isinstance(value, Coroutine):
                yield value.frame
    elif not finder.asynchronous:
        for callee in model.values(node.func, frame):
            for activation in calls.activations(model, callee, node, frame):
                if not activation.block.is_async:
                    yield activation


def entered(model: Model, item: ast.withitem, frame: Frame) -> Values:
    """What an item of a `with` enters, and what it binds."""
    target = item.optional_vars
    bound = model.lookup(target.id, frame) if isinstance(target, ast.Name) else frozenset()
    return model.values(item.context_expr, frame) | bound


def _end(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "end_lineno", None) or 0, 1 << 20
