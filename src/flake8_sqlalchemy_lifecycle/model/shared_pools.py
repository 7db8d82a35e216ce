"""What a forked child shares with its parent: a session in a transaction, or a pool with open connections."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from . import attributes
from .calls import spelled
from .child_disposals import own_blocks, uses, uses_in
from .disposal import is_same
from .engines import engines_behind, has_no_pool, is_in_memory, root
from .forks import Fork, hooks_before
from .inheritance import Touch, is_own, touches
from .knowledge import Kind
from .scopes import Block
from .transactions import History, Progress, Watch, is_ended_by, progress_at
from .values import Constant, Made

if TYPE_CHECKING:
    from .inference import Model

_LEADING = (Kind.ENGINE, Kind.MAKER, Kind.REGISTRY, Kind.SESSION)
_HOOKS = ("register_at_fork", "register_after_fork")
_PROCESS_ID = "getpid"
_ANEW = frozenset({"dispose", "configure"})


def shared_session(model: Model, fork: Fork) -> Touch | None:
    """The session or connection in a transaction that a child gets its hands on."""
    for touch in touches(model, fork.children):
        if attributes.kind_of(model, touch.value) in (Kind.SESSION, Kind.CONNECTION):
            if _is_shared(model, fork, touch):
                return touch
    return None


def _is_shared(model: Model, fork: Fork, touch: Touch) -> bool:
    wrong = {Progress.OPEN, Progress.HELD} if touch.uses else {Progress.OPEN}
    return any(
        not wrong.isdisjoint(progress_at(model, touch.value, point.node, point.block))
        for point in fork.points
    ) and not any(is_ended_by(model, touch.value, hook) for hook in hooks_before(model))


def shared_engine(model: Model, fork: Fork) -> tuple[Touch, Made] | None:
    """The engine that the parent has connected and a child uses, and the name by which the child gets to it."""
    guards = _guarded(model)
    if guards is None:
        return None
    own = own_blocks(model, fork.children)
    nodes = frozenset(node for child in fork.children for node in child.nodes or ())
    if any(_starts_anew(block.words) for block in own) or "dispose" in ast.unparse(fork.call):
        return None
    if any(_starts_anew({getattr(node, "attr", "")}) for node in nodes):
        return None
    found = list(touches(model, fork.children))
    rebound = {touch.name for touch in found if not touch.uses}
    for touch in found:
        if touch.name in rebound or attributes.kind_of(model, touch.value) not in _LEADING:
            continue
        engines = set(engines_behind(model, touch.value))
        if len(engines) != 1:
            continue
        (engine,) = engines
        if (
            engine in guards
            or engine.call is None
            or has_no_pool(model, engine)
            or is_in_memory(model, engine)
        ):
            continue
        if is_own(model, engine, own, nodes or None) or _may_be_own(model, touch, own, nodes):
            continue
        if any(True for child in fork.children for _ in uses_in(model, child, engine)):
            if _is_connected(model, fork, engine):
                return touch, engine
    return None


def _starts_anew(words: frozenset[str] | set[str]) -> bool:
    return not _ANEW.isdisjoint(words)


def _guarded(model: Model) -> set[Made] | None:
    """The engines that a file at hand guards against forks, by the process id that their events look at.

    None where it may be any: by a hook, or by a process id that is asked for elsewhere, and not only logged.
    """
    if model.project.closure_says(model.linted.path, *_HOOKS):
        return None
    modules = map(model.project.module, model.project.saying(model.linted.path, _PROCESS_ID))
    found: set[Made] = set()
    for module in modules:
        for call, block in module.calls() if module is not None else ():
            if spelled(call) == _PROCESS_ID and not isinstance(block.statement(call), ast.Expr):
                engines = _listened_to(model, block)
                if not engines:
                    return None
                found |= engines
    return found


def _listened_to(model: Model, block: Block) -> set[Made]:
    """The engines whose events the function listens to by its decorators; none where one may be any."""
    node = block.node
    if block.parent is None or not isinstance(node, ast.FunctionDef):
        return set()
    frame = model.frame(block.parent)
    found: set[Made] = set()
    for decorator in node.decorator_list:
        match decorator:
            case ast.Call(args=[target, *_]) if spelled(decorator) == "listens_for":
                for value in model.values(target, frame):
                    engines = set(map(root, engines_behind(model, value)))
                    if not engines:
                        return set()
                    found |= engines
    return found


def _may_be_own(model: Model, touch: Touch, own: set[Block], nodes: frozenset[ast.AST]) -> bool:
    """Can the child's name mean anything but what its parent made?"""
    values = model.values(touch.node, model.frame(touch.block)) - {Constant(None)}
    return any(not isinstance(v, Made) or is_own(model, v, own, nodes or None) for v in values)


def _is_connected(model: Model, fork: Fork, engine: Made) -> bool:
    history = [History(model, engine, _PoolWatch).at(p.node, p.block, 0) for p in fork.points]
    return any(Progress.OPEN in states for states in history)


class _PoolWatch(Watch):
    """Follows an engine: OPEN is a pool that may hold connections, FREE one that is empty."""

    def after(self, node: ast.AST, state: Progress) -> Progress:
        """The state after the node was evaluated."""
        if node is self._place:
            self.seen.add(state)
        if not isinstance(node, ast.Call):
            return state
        engine = self._resource
        assert isinstance(engine, Made)
        match node.func:
            case ast.Attribute(attr="dispose", value=owner):
                values = self._model.values(owner, self._frame)
                if any(isinstance(v, Made) and is_same(v, engine) for v in values):
                    return Progress.FREE
        return (
            Progress.OPEN
            if uses(self._model, node, self._frame, engine)
            else self._call(node, state)
        )

    def left(self, context: ast.expr, state: Progress) -> Progress:
        """The end of a `with` gives a connection back to the pool, which keeps it."""
        del context
        return state
