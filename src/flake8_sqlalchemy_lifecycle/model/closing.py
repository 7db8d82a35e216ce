"""Whether a function gives back the sessions that it opens: when it returns, and when something is raised."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from . import attributes
from .begun import uses
from .failing import restores
from .flow import in_part, position
from .holding import CLOSES, Hold, SessionWatch, State, started
from .inference import Model
from .invocation import decorators
from .knowledge import CONTEXT_MANAGERS, IO_METHODS, Kind
from .knowledge.terms import words
from .passing import argument_values
from .scopes import Block
from .sessions import Opened, opened_by
from .spelling import argument_of, arguments, opener_name
from .values import Frame, Func, Made
from .ways import RAISED, Outcome, Walk, Way

_MOST_OPENED = 40  # in one function: for each of them all of the function is walked
_RETURNED = (Way.NEXT, Way.RETURN)
_WORKS = IO_METHODS[Kind.SESSION]
_QUIET = CLOSES | {"begin", "begin_nested", "commit", "rollback"}
"""Methods that are not taken to raise here: what a `commit` raises is told by the step before it."""


DISTINCTIVE = _WORKS - words("aclose close connection delete get invalidate reset run_sync stream")
"""Methods that few other objects have: whatever opens such an object is looked at."""
OPENERS = re.compile(r"session|maker|factory|db$", re.IGNORECASE)
"""Of objects that are only handed on, those are looked at that a function of such a name gives: a sieve, no more."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A session that a function leaves open, the way on which it does, and the node that made it busy."""

    opened: Opened
    way: Way
    since: ast.AST


def left_open(model: Model, function: Block) -> Iterator[Kept]:
    """The sessions that a function leaves open when it returns, and nothing was raised."""
    for opened in _opened(model, function):
        found = _left_open(model, opened)
        if found is not None:
            yield found


def left_open_by_errors(model: Model, function: Block) -> Iterator[Kept]:
    """The sessions that a function closes when it returns, but not when something is raised before."""
    for opened in _opened(model, function):
        watch = _Watch(model, opened, raising=False, lends=True)
        out = watch.out()
        ends = _holds(out, *_RETURNED)
        if Hold.CLOSED not in ends and (ends or not watch.closes):
            continue
        if watch.is_lent and ends != {Hold.CLOSED}:
            continue
        if Hold.KEPT in _holds(out) or _busy(watch, out, _RETURNED) is not None:
            continue
        watch = _Watch(model, opened, raising=True, lends=True)
        out = watch.out()
        found = _busy(watch, out, (Way.ERROR, *_RETURNED, Way.CANCELLED))
        if found is not None and Hold.KEPT not in _holds(out):
            yield Kept(opened, *found)


def is_given_back(model: Model, lent: Opened) -> bool:
    """Does a function close what a generator lent it, or hand it on, whatever is raised?"""
    watch = _Watch(model, lent, raising=True, lent=True)
    out = watch.out()
    if Hold.KEPT in _holds(out) or not out:
        return True
    if not _holds(out, *_RETURNED) <= {Hold.CLOSED, Hold.ABSENT}:
        return False
    return _busy(watch, out, RAISED) is None


def _left_open(model: Model, opened: Opened) -> Kept | None:
    watch = _Watch(model, opened, raising=False)
    out = watch.out()
    found = _busy(watch, out, _RETURNED)
    if found is None or Hold.KEPT in _holds(out) or isinstance(found[1], ast.Yield):
        return None
    return Kept(opened, *found)


def _opened(model: Model, function: Block) -> list[Opened]:
    """The sessions that a function opens and works with, and does not open by a `with`. Remembered."""
    found: dict[Block, list[Opened]] = model.remembered.setdefault(_opened, {})
    if function not in found:
        found[function] = list(_find_opened(model, function))
    return found[function]


def _find_opened(model: Model, function: Block) -> Iterator[Opened]:
    if isinstance(function.node, ast.Lambda):
        return
    frame = model.frame(function)
    worked, given = _names(function)
    lent = _lent_calls(function)
    found = 0
    for call in function.calls:
        opener = opener_name(call)
        if opener is None or (opener in _WORKS and not isinstance(call.func, ast.Call)):
            continue
        name = _name_of(function, call)
        handed = name in given or isinstance(function.parents.get(call), ast.Call | ast.keyword)
        if handed and not OPENERS.search(f"{opener} {name}"):
            handed = _is_maker(model, call, frame)
        if name in worked or call in lent or handed:
            for opened in opened_by(model, call, frame):
                if _borrows_connection(model, opened):
                    continue
                found += 1
                if found > _MOST_OPENED:
                    return
                yield opened


def _is_maker(model: Model, call: ast.Call, frame: Frame) -> bool:
    """Is a maker of some other name called, with nothing given to it?"""
    return (
        isinstance(call.func, ast.Name)
        and not call.args
        and any(
            attributes.kind_of(model, value) is Kind.MAKER
            for value in model.values(call.func, frame)
        )
    )


def _borrows_connection(model: Model, opened: Opened) -> bool:
    """Is the session made on a connection that somebody else has opened, and gives back?"""
    session = opened.session
    if not isinstance(session, Made) or session.call is None or session.frame is None:
        return False
    bind = argument_values(model, session, "bind", 0)
    if any(attributes.kind_of(model, value) is Kind.CONNECTION for value in bind or ()):
        return True
    given = argument_of(session.call, "bind", 0)
    return given is not None and _is_of_migration(model, given, session.frame)


def _is_of_migration(model: Model, bind: ast.expr, frame: Frame) -> bool:
    """Is it what `get_bind()` gives of an object that is no session: Alembic's operations have a connection?"""
    if isinstance(bind, ast.Name):
        bindings = frame.block.bindings.get(bind.id, ())
        assigned = [getattr(binding.node, "value", None) for binding in bindings]
        return bool(assigned) and all(
            isinstance(value, ast.Call) and _is_of_migration(model, value, frame)
            for value in assigned
        )
    match bind:
        case ast.Call(func=ast.Attribute(value=owner, attr="get_bind"), args=[], keywords=[]):
            kinds = {attributes.kind_of(model, value) for value in model.values(owner, frame)}
            return kinds.isdisjoint((Kind.SESSION, Kind.REGISTRY))
    return False


def _names(function: Block) -> tuple[set[str], set[str]]:
    """The names that a function works with as with a session, and those that it gives to others; by spelling alone."""
    worked, given = {_NAMELESS}, set[str]()
    inner = (block for block in function.inner.values() if block.is_function)
    for block in (function, *inner):
        for node in block.nodes_of(ast.Attribute):
            if node.attr in _WORKS and isinstance(node.value, ast.Name):
                if block is function or node.value.id in function.bindings:
                    (worked if node.attr in DISTINCTIVE else given).add(node.value.id)
    for call in function.calls:
        given.update(a.id for a in arguments(call) if isinstance(a, ast.Name))
    return worked, given


def _lent_calls(function: Block) -> set[ast.expr]:
    """The calls of which a function that closes something puts the result where a parameter leads to."""
    found: set[ast.expr] = set()
    if CLOSES.isdisjoint(function.words):
        return found
    assigned: dict[str, ast.expr] = {}
    for node in function.nodes_of(ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name):
                assigned[target.id] = node.value
            elif _lender(function, target) is not None:
                value = node.value
                found.add(assigned.get(value.id, value) if isinstance(value, ast.Name) else value)
    return found


def _lender(function: Block, target: ast.expr) -> str | None:
    """The parameter, not the method's own object, to whose parts a target belongs: `request.state.db`, `data["db"]`."""
    if not isinstance(target, ast.Attribute | ast.Subscript):
        return None
    while isinstance(target, ast.Attribute | ast.Subscript):
        target = target.value
    if not isinstance(target, ast.Name) or target.id not in function.parameters:
        return None
    is_own = function.method_of is not None and target.id == next(iter(function.parameters))
    return None if is_own else target.id


_NAMELESS = ""


def _name_of(function: Block, call: ast.Call) -> str | None:
    """The name that gets what a call gives; "" where a session's method is called on it, None otherwise."""
    parent = function.parents.get(call)
    while isinstance(parent, ast.Await | ast.IfExp | ast.BoolOp):
        parent = function.parents.get(parent)
    match parent:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case ast.NamedExpr(target=ast.Name(id=name)):
            return name
        case ast.Attribute(attr=name) if name in DISTINCTIVE:
            return _NAMELESS
    return None


def _holds(out: Outcome[State], *ways: Way) -> set[Hold]:
    return {state.hold for way in ways or out for state in out.get(way, ())}


def _busy(watch: _Watch, out: Outcome[State], ways: tuple[Way, ...]) -> tuple[Way, ast.AST] | None:
    """The first of these ways on which the session is left busy, and since which node."""
    if watch.dropped is not None:
        return Way.NEXT, watch.dropped
    for way in ways:
        nodes = [s.since for s in out.get(way, ()) if s.hold is Hold.BUSY and s.since is not None]
        if nodes:
            return way, min(nodes, key=lambda n: (getattr(n, "lineno", 0), ast.dump(n)))
    return None


class _Watch(SessionWatch):
    """Watches the session of a function that opens it. With `raising`, what works with the database may raise."""

    def __init__(
        self,
        model: Model,
        opened: Opened,
        *,
        raising: bool,
        lent: bool = False,
        lends: bool = False,
    ) -> None:
        super().__init__(model, opened.frame, opened.session, opened.call)
        self._lends = lends
        self.is_lent = False
        self._lent_by: set[str] = set()
        """The parameters that lend the session to what the function calls with them: a middleware's `request`."""
        self._owner = opened.session
        self._raising = raising
        self._is_manager = lent or _is_manager(model, opened.frame)
        self._loops = _is_in_round(opened.frame.block, opened.call)
        self.dropped: ast.AST | None = None
        """What made the session of one round of a loop busy, which the next round forgets."""

    def out(self) -> Outcome[State]:
        return Walk(self._frame.block, self).out(State(Hold.ABSENT))

    def after(self, node: ast.AST, state: State) -> State:
        if node is self._opening and state.hold is Hold.BUSY and self._loops:
            self.dropped = state.since
        after = super().after(node, state)
        if after is state or after.hold is Hold.KEPT:
            return after if after is not state else self._commits(node, state)
        if isinstance(node, ast.Yield) and not self._is_manager:
            return State(Hold.KEPT)
        if isinstance(node, ast.Call) and after.hold is Hold.CLOSED and self._is_lost(node):
            return State(Hold.KEPT)  # LSA305
        return after

    def _assigned(self, node: ast.Assign | ast.AnnAssign, state: State) -> State:
        after = super()._assigned(node, state)
        if after.hold is not Hold.KEPT or not self._lends or not isinstance(node, ast.Assign):
            return after
        lenders = {_lender(self._frame.block, target) for target in node.targets}
        if None in lenders or len(lenders) != 1:
            return after
        for call in self._frame.block.calls:
            if position(call) > position(node) and self._is_lending(call, lenders):
                self.is_lent = True
                self._lent_by |= lenders  # type: ignore[arg-type]
                return State(Hold.BUSY, call)
        return after

    def _call(self, node: ast.Call, state: State) -> State:
        after = super()._call(node, state)
        if after.hold is Hold.KEPT and self._lends and self._is_lent_to(node):
            self.is_lent = True
            return State(Hold.BUSY, node)
        return after

    def _is_lent_to(self, call: ast.Call) -> bool:
        """Is the session an argument of a call of what the function, or a decorator around it, was given to call?"""
        block: Block | None = self._frame.block
        if not isinstance(call.func, ast.Name) or not self._its.is_given_to(call):
            return False
        while block is not None:
            if call.func.id in block.bindings:
                return call.func.id in block.parameters
            block = block.parent
        return False

    def _is_lending(self, call: ast.Call, lenders: set[str | None] | set[str]) -> bool:
        return any(isinstance(a, ast.Name) and a.id in lenders for a in arguments(call))

    def _lends_by(self, call: ast.Call) -> bool:
        return self._is_lending(call, self._lent_by) or (self._lends and self._is_lent_to(call))

    def _commits(self, node: ast.AST, state: State) -> State:
        """A commit that fails keeps the connection, and so does a helper that ends with one: the step before raises."""
        if self._raising and state.hold in (Hold.IDLE, Hold.BUSY):
            if self._is_commit(node) or self._is_helper(node):
                return State(Hold.BUSY, node)
        return state

    def _is_commit(self, node: ast.AST) -> bool:
        return (
            isinstance(node, ast.Attribute)
            and node.attr == "commit"
            and self._is_called(node)
            and self._its.is_it(node.value)
        )

    def _is_helper(self, node: ast.AST) -> bool:
        """Is it the name in a call of a project function that works with the session, and leaves errors to others?"""
        call = self._frame.block.parents.get(node)
        if not isinstance(call, ast.Call) or call.func is not node:
            return False
        held = isinstance(node, ast.Attribute) and self._its.is_held_by(node.value)
        if not held and not self._its.is_given_to(call):
            return False
        return any(
            "begin" not in inner.block.words
            and uses(self._model, inner, self._owner, _WORKS - _QUIET)
            and not restores(self._model, inner, self._owner)
            for inner in started(self._model, call, self._frame)
        )

    def _is_lost(self, call: ast.Call) -> bool:
        """`session.close()` of asyncio that nobody awaits."""
        match call.func:
            case ast.Attribute(attr=name) if name in CLOSES:
                parent = self._frame.block.parents.get(call)
                return isinstance(parent, ast.Expr) and attributes.is_async(
                    self._model, self._session
                )
        return False

    def raises(self, node: ast.AST) -> tuple[Way, ...]:
        block = self._frame.block
        if not self._raising:
            return ()
        if isinstance(node, ast.Yield):
            ways = RAISED if block.is_async else (Way.ERROR,)
            return ways if self._is_manager else ()
        if isinstance(node, ast.Await):
            if isinstance(node.value, ast.Call) and self._lends_by(node.value):
                return () if self._is_clean_up(node) else RAISED
            return () if self._is_clean_up(node) else (Way.CANCELLED,)
        if (self._is_commit(node) or self._is_helper(node)) and not self._is_clean_up(node):
            return RAISED if block.is_async else (Way.ERROR,)
        return (Way.ERROR,) if isinstance(node, ast.Call) and self._may_raise(node) else ()

    def _may_raise(self, call: ast.Call) -> bool:
        if isinstance(call.func, ast.Attribute) and self._its.is_it(call.func.value):
            return call.func.attr in _WORKS - _QUIET
        if self._is_clean_up(call):
            return False
        if self._lends_by(call):
            return True
        return bool(started(self._model, call, self._frame))

    def _is_clean_up(self, node: ast.AST) -> bool:
        """Does the node stand in an `except` or `finally`, where one error is being handled already?"""
        block = self._frame.block
        return any(
            isinstance(a, ast.ExceptHandler)
            or (isinstance(a, ast.Try | ast.TryStar) and in_part(block, node, a, "finalbody"))
            for a in block.ancestors(node)
        )


def _is_manager(model: Model, frame: Frame) -> bool:
    """Does `contextmanager` or `asynccontextmanager` decorate the function?"""
    if frame.closure is None or not frame.block.yields:
        return False
    return not CONTEXT_MANAGERS.isdisjoint(decorators(model, Func(frame.block, frame.closure)))


def _is_in_round(block: Block, opening: ast.Call) -> bool:
    """Is the session opened in each round of a loop, whatever happens there?"""
    for node in block.ancestors(opening):
        match node:
            case ast.For() | ast.AsyncFor() | ast.While():
                return True
            case ast.If() | ast.ExceptHandler() | ast.Match() | ast.IfExp() | ast.BoolOp():
                return False
    return False
