"""Threads that a handler starts and leaves, with a session that the handler's dependency closes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .collisions import collisions
from .endings import Closing, Ending, ending
from .knowledge.later import JOB_METHODS
from .session_uses import SessionUses, Use
from .threads import thread_strands
from .values import Frame, Instance, Made

if TYPE_CHECKING:
    from .inference import Model
    from .scopes import Block

_STARTS = frozenset({"start", "daemon", "setDaemon", "name"})


def outlived(model: Model, frame: Frame) -> Iterator[tuple[ast.Call, Use, Made | Instance, Ending]]:
    """The sessions of threads that nobody waits for, each with the dependency that closes it under them."""
    block = frame.block
    if not block.parameters:
        return
    strands = [s for s in thread_strands(model, frame) if _is_left(block, s.launch)]
    if not strands:
        return
    finder = SessionUses(model, asynchronous=False)
    told = {collision.launch for collision in collisions(finder, frame, strands)}
    for strand in strands:
        for session, uses in finder.by(strand, frame).items() if strand.launch not in told else ():
            if isinstance(session, Made | Instance) and not all(use.locked for use in uses):
                end = ending(model, frame, session, strand.launch)
                if end is not None and end.closing is not Closing.HERE:
                    yield strand.launch, uses[0], session, end
                    break


def _is_left(block: Block, launch: ast.Call) -> bool:
    """Is nothing kept of the thread or future, or a name that only starts it?"""
    match block.parents.get(launch):
        case ast.Expr():
            return getattr(launch.func, "attr", "") not in JOB_METHODS  # LSA403
        case ast.Attribute(attr="start") as start:
            call = block.parents.get(start)
            return call is not None and isinstance(block.parents.get(call), ast.Expr)
        case ast.Assign(targets=[ast.Name(id=name)]):
            uses = [n for n in block.nodes_of(ast.Name) if n.id == name]
            loads = [use for use in uses if isinstance(use.ctx, ast.Load)]
            around = [block.parents.get(use) for use in loads]
            return bool(loads) and all(
                isinstance(a, ast.Attribute) and a.attr in _STARTS for a in around
            )
    return False
