"""How a function holds one session: what its expressions do to it, and which `with` gives it back."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from enum import IntEnum, auto

from . import calls, handlers
from .inference import Model, known
from .knowledge import IO_METHODS, Kind
from .scopes import Block
from .sought import Sought
from .spelling import argument_of
from .values import Entering, Frame, Value, in_order
from .ways import RAISED, Outcome, Walk, Watch, Way

CLOSES = frozenset({"close", "aclose", "reset", "invalidate", "__exit__", "__aexit__"})
ENDS = frozenset({"commit", "rollback"})
_DEEPEST = 4
_LOOKS_ONLY = ("builtins.", "logging.", "structlog.", "loguru.", "typing.", "sqlalchemy.")
"""Libraries whose functions neither close nor keep a session that they are given, but for these:"""
_KEEPS = frozenset({"builtins.setattr"})


class Hold(IntEnum):
    """What a session is to the function at some point."""

    ABSENT = auto()  # not opened yet
    IDLE = (
        auto()
    )  # holds no connection: it did nothing yet, or its last act was a commit or rollback
    BUSY = auto()  # may hold a connection
    CLOSED = auto()
    GIVEN = auto()  # returned to the caller
    KEPT = auto()  # somebody else got it, and may answer for it


@dataclass(frozen=True, slots=True)
class State:
    """How a session is held, and the node that made it so (for `BUSY`)."""

    hold: Hold
    since: ast.AST | None = None


def ways_out(
    model: Model,
    frame: Frame,
    session: Value,
    opening: ast.Call,
    raises: type[ast.AST] = ast.Yield,
) -> Outcome[State]:
    """The ways out of a function that opens a session by the call `opening`, with what it is then.

    Only nodes of the type `raises` are taken to raise, and explicit `raise` statements.
    """
    watch = SessionWatch(model, frame, session, opening, raises)
    return Walk(frame.block, watch).out(State(Hold.ABSENT))


def is_closed_by(model: Model, frame: Frame, session: Value) -> bool:
    """Does a function that is given a session close it, or enter it, anywhere, itself or by a call?"""
    watch = SessionWatch(model, frame, session)
    Walk(frame.block, watch).out(State(Hold.IDLE))
    return watch.closes


def started(model: Model, call: ast.Call, frame: Frame) -> list[Frame]:
    """The activations of project functions that a call starts."""
    return [
        activation
        for callee in in_order(model.values(call.func, frame))
        for activation in calls.activations(model, callee, call, frame)
    ]


class SessionWatch(Watch[State]):
    """Watches one session in one activation of a function.

    `opening` is the call that opens it; without one the function got it. `closes` tells afterwards whether a close
    was met anywhere.
    """

    def __init__(
        self,
        model: Model,
        frame: Frame,
        session: Value,
        opening: ast.Call | None = None,
        raises: type[ast.AST] = ast.Yield,
    ) -> None:
        self._model = model
        self._frame = frame
        self._session = session
        self._opening = opening
        self._its = Sought(model, frame, session, opening)
        self._raises = raises
        self.closes = False

    # what an expression does

    def after(self, node: ast.AST, state: State) -> State:
        """The state after the node was evaluated."""
        if node is self._opening:
            return State(Hold.IDLE)
        if state.hold in (Hold.ABSENT, Hold.GIVEN, Hold.KEPT):
            return state
        match node:
            case ast.Call(func=ast.Attribute(attr=name, value=owner)) if self._its.is_it(owner):
                return self._method(name, node, state)
            case ast.Call():
                return self._call(node, state)
            case ast.Attribute(attr=name) if name in CLOSES and self._its.is_it(node.value):
                if not self._is_called(node):
                    return self._closed(Hold.KEPT)  # `stack.callback(session.close)`
            case ast.Yield(value=value) if value is not None and self._its.has_it(value):
                return State(Hold.BUSY, node)
            case ast.Return(value=value) if value is not None and self._its.has_it(value):
                return State(Hold.GIVEN)
            case ast.Return(value=value) if value is not None and self._its.is_held_by(value):
                return State(Hold.KEPT)
            case ast.Assign() | ast.AnnAssign():
                return self._assigned(node, state)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                return self._defined(self._frame.block.inner.get(node), state)
        return state

    def _closed(self, hold: Hold = Hold.CLOSED) -> State:
        self.closes = True
        return State(hold)

    def _method(self, name: str, node: ast.Call, state: State) -> State:
        if name in CLOSES:
            return self._closed()
        if name in ENDS:
            return State(Hold.IDLE)
        if name == "merge" and _is_off(argument_of(node, "load")):
            return state  # a copy of what it is given: nothing is sent
        return State(Hold.BUSY, node) if name in IO_METHODS[Kind.SESSION] else state

    def _call(self, node: ast.Call, state: State) -> State:
        """A call that gets the session: a project function is followed, others may keep it."""
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        direct = self._its.is_given_to(node)
        if not direct and not (owner is not None and self._its.is_held_by(owner)):
            if not self._is_own_function(node.func):
                return state
        if any(isinstance(v, Entering) for v in self._model.values(node, self._frame)):
            return state  # closing(session): what counts is who enters it
        found = known(self._model.values(node.func, self._frame))
        names = set(calls.names_of(self._model, found))
        if names and all(name.startswith(_LOOKS_ONLY) and name not in _KEEPS for name in names):
            return state
        activations = started(self._model, node, self._frame)
        if not activations or self._frame.depth > _DEEPEST:
            return state if not direct else State(Hold.KEPT)
        states = [self._followed(activation, node, state) for activation in activations]
        return next((s for s in states if s.hold is not Hold.BUSY), states[0])

    def _is_own_function(self, node: ast.expr) -> bool:
        """Is it a function that is defined inside of this one, and may find the session by its name?"""
        return isinstance(node, ast.Name) and any(
            inner.name == node.id and inner.is_function
            for inner in self._frame.block.inner.values()
        )

    def _followed(self, activation: Frame, node: ast.Call, state: State) -> State:
        if activation.block.yields:
            return state
        inner = SessionWatch(self._model, activation, self._session, None, self._raises)
        out = Walk(activation.block, inner).out(state)
        self.closes |= inner.closes
        left = out.get(Way.NEXT, frozenset()) | out.get(Way.RETURN, frozenset())
        holds = {s.hold for s in left}
        if Hold.KEPT in holds and not _is_constructor(activation):
            return State(Hold.KEPT)
        if Hold.BUSY in holds:
            return state if state.hold is Hold.BUSY and state in left else State(Hold.BUSY, node)
        for hold in (Hold.CLOSED, Hold.IDLE):
            if holds == {hold}:
                return State(hold)
        return state

    def _assigned(self, node: ast.Assign | ast.AnnAssign, state: State) -> State:
        """A session that is stored where others find it: an attribute, a key, a global."""
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if node.value is None:
            return state
        if not self._its.has_it(node.value) and not self._its.is_held_by(node.value):
            return state
        for target in targets:
            if isinstance(target, ast.Attribute | ast.Subscript):
                return State(Hold.KEPT)
            if isinstance(target, ast.Name) and target.id in self._frame.block.outer_names:
                return State(Hold.KEPT)
        return state

    def _defined(self, block: Block | None, state: State) -> State:
        """An inner function that closes the session, or takes it along: somebody will call it."""
        if block is None:
            return state
        escapes = not self._is_only_called(block)
        for node in block.nodes_of(ast.Attribute, ast.Name):
            match node:
                case ast.Attribute(attr=name, value=ast.Name() as owner) if name in CLOSES:
                    if self._has_own(owner.id, block):
                        return self._closed(Hold.KEPT)
                case ast.Name(id=name) if escapes and self._has_own(name, block):
                    return State(Hold.KEPT)
        return state

    def _has_own(self, name: str, inner: Block) -> bool:
        """Does an inner function mean this session by a name?"""
        if name in inner.bindings or name not in self._frame.block.bindings:
            return False
        return self._session in self._model.lookup(name, self._frame)

    def _is_only_called(self, inner: Block) -> bool:
        """Is an inner function used by calling it, and in no other way?"""
        parents = self._frame.block.parents
        uses = [
            (node, parents.get(node))
            for node in self._frame.block.nodes_of(ast.Name)
            if node.id == inner.name
        ]
        return bool(uses) and all(
            isinstance(parent, ast.Call) and parent.func is node for node, parent in uses
        )

    # what the statements ask

    def raises(self, node: ast.AST) -> tuple[Way, ...]:
        """An async function can be cancelled where it waits."""
        if not isinstance(node, self._raises):
            return ()
        return RAISED if self._frame.block.is_async else (Way.ERROR,)

    def left(self, context: ast.expr, state: State) -> State:
        """The end of `with session`, `with session.begin()`, `with closing(session)` or the like gives it back."""
        if not self._is_guard(context):
            return state
        closed = self._closed()
        return state if state.hold in (Hold.ABSENT, Hold.GIVEN, Hold.KEPT) else closed

    def _is_guard(self, context: ast.expr) -> bool:
        for value in self._model.values(context, self._frame):
            if isinstance(value, Entering) and self._session in value.values:
                return value.closes
        match context:
            case ast.Call(func=ast.Attribute(attr=name, value=owner)) if self._its.is_it(owner):
                return name == "begin"  # and neither begin_nested() nor no_autoflush
            case ast.Call() if self._its.is_given_to(context):
                return True
        return self._its.has_it(context) or self._its.is_held_by(context)

    def swallows(self, context: ast.expr) -> bool:
        """`contextlib.suppress`."""
        return handlers.swallows(self._model, self._frame, context)

    def catches(self, handler: ast.ExceptHandler, way: Way) -> bool | None:
        """`except Exception` gets every error, and no cancellation."""
        return handlers.catches(self._model, self._frame, handler, way)

    def chosen(self, test: ast.expr, branches: list[Outcome[State]]) -> list[Outcome[State]]:
        """`if session is not None: session.close()`: the branch that gives it back.

        So do flags such as `if owns_session: session.close()`, as far as can be told.
        """
        busy = [_is_busy(branch) for branch in branches]
        if busy[0] == busy[1]:
            return branches
        free = branches[busy.index(False)]
        ends = {state.hold for state in free.get(Way.NEXT, ())}
        about_it = any(
            isinstance(node, ast.expr) and self._its.is_it(node) for node in ast.walk(test)
        )
        closes = Hold.CLOSED in ends and ends <= {Hold.CLOSED, Hold.ABSENT}
        return [free] if about_it or closes else branches

    def _is_called(self, node: ast.Attribute) -> bool:
        parent = self._frame.block.parents.get(node)
        return isinstance(parent, ast.Call) and parent.func is node


def _is_busy(out: Outcome[State]) -> bool:
    return any(s.hold is Hold.BUSY for states in out.values() for s in states)


def _is_off(given: ast.expr | None) -> bool:
    return isinstance(given, ast.Constant) and given.value is False


def _is_constructor(frame: Frame) -> bool:
    return frame.block.name in ("__init__", "__post_init__")
