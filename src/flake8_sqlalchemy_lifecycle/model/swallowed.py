"""Handlers that swallow the error of a failed `flush()` or `commit()`, and the uses of the session that follow.

Measured on SQLAlchemy: after such an error the session refuses to work until it is rolled back or closed; other errors,
of an `execute()` say, leave it as it is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from . import calls, invocation
from .begun import uses
from .bindings import Assigned
from .contradictions import exclude_each_other
from .failing import (
    RESTORES,
    Owner,
    is_registry,
    may_fail,
    never_returns,
    restores,
    sessions_failing,
)
from .flow import position
from .holding import started
from .inference import Model
from .knowledge import IO_METHODS, Kind
from .sought import Sought
from .values import Frame, Library, Site
from .ways import RAISED, Outcome, Walk, Watch, Way

_NEEDS = IO_METHODS[Kind.SESSION] - RESTORES - {"begin", "delete", "delete_all", "run_sync"}
"""Methods that raise on a session whose flush failed."""
_BROAD = frozenset({"Exception", "BaseException"})
_OF_SQLALCHEMY = frozenset(
    "DBAPIError DataError DatabaseError FlushError IntegrityError InterfaceError InternalError "
    "NotSupportedError OperationalError ProgrammingError SQLAlchemyError StaleDataError "
    "StatementError".split()
)
"""Those of the driver never come here: SQLAlchemy wraps each of them in one of its own."""
_LOOKS_ONLY = ("builtins.", "logging.", "structlog.", "loguru.", "traceback.", "typing.")
_NEVER_RETURN = frozenset({"sys.exit", "os._exit", "builtins.exit", "flask.abort", "quart.abort"})
_APP_CONTEXTS = frozenset({"app_context", "request_context", "test_request_context"})
Swallower = ast.ExceptHandler | ast.With | ast.AsyncWith


@dataclass(frozen=True, slots=True)
class Swallowed:
    """A handler after which a session is used on, the call that fails before it, and the use."""

    handler: Swallower
    failing: ast.Call
    use: ast.Call
    session: Owner


def swallowed(model: Model, frame: Frame) -> Iterator[Swallowed]:
    """The handlers of a function that let its session be used on after a failed flush or commit."""
    calls_that_may = [call for call in frame.block.calls if may_fail(model, call)]
    for handler, body in _swallowers(model, frame) if calls_that_may else ():
        found: dict[Owner, list[ast.Call]] = {}
        for call in calls_that_may:
            if _comes_to(model, call, body, frame):
                for session in sessions_failing(model, call, frame):
                    found.setdefault(session, []).append(call)
        for session, failing in found.items():
            watch = _Watch(model, frame, session, handler, frozenset(failing))
            Walk(frame.block, watch).out(None)
            if watch.found is not None:
                yield Swallowed(handler, *watch.found, session)


def _comes_to(model: Model, call: ast.Call, body: list[ast.stmt], frame: Frame) -> bool:
    """Does the error of a call leave these statements, with no handler on the way that sees to it?"""
    inside: ast.AST = call
    for outer in (call, *frame.block.ancestors(call)):
        if isinstance(outer, ast.Try | ast.TryStar) and inside in outer.body:
            if any(_sees_to_it(model, handler, frame) for handler in outer.handlers):
                return False
        if outer in body:
            return True
        inside = outer
    return False


def _sees_to_it(model: Model, handler: ast.ExceptHandler, frame: Frame) -> bool:
    caught = _catches(model, handler, frame)
    inner = [node for statement in handler.body for node in ast.walk(statement)]
    if caught and not any(isinstance(node, ast.Raise) for node in inner):
        return True
    return caught is not False and any(
        isinstance(node, ast.Attribute) and node.attr in RESTORES for node in inner
    )


def _swallowers(model: Model, frame: Frame) -> Iterator[tuple[Swallower, list[ast.stmt]]]:
    """The handlers that get database errors and do not always raise, with the statements that they guard."""
    for node in frame.block.nodes_of(ast.Try, ast.TryStar, ast.With, ast.AsyncWith):
        if isinstance(node, ast.Try | ast.TryStar):
            for handler in node.handlers:
                caught = _catches(model, handler, frame)
                if caught is not False and not isinstance(handler.body[-1], ast.Raise):
                    yield handler, node.body
                if caught:
                    break
        elif isinstance(node, ast.With | ast.AsyncWith):
            if any(_suppresses(model, item.context_expr, frame) for item in node.items):
                yield node, node.body


def _catches(model: Model, handler: ast.ExceptHandler, frame: Frame) -> bool | None:
    """Does the handler get the error of a failed flush? None for some of them."""
    if handler.type is None:
        return True
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return _gets_errors(model, types, frame)


def _gets_errors(model: Model, types: list[ast.expr], frame: Frame) -> bool | None:
    caught: bool | None = False
    for node in types:
        for name in calls.names_of(model, model.values(node, frame)):
            short = name.rpartition(".")[2]
            if name.startswith("builtins.") and short in _BROAD:
                return True
            if name.startswith("sqlalchemy.") and short in _OF_SQLALCHEMY:
                caught = True if short == "SQLAlchemyError" else caught or None
    return caught


def _suppresses(model: Model, context: ast.expr, frame: Frame) -> bool:
    match context:
        case ast.Call(func=ast.Name(id="suppress") | ast.Attribute(attr="suppress") as func):
            if Library("contextlib.suppress") in model.values(func, frame):
                return _gets_errors(model, context.args, frame) is not False
    return False


State = ast.Call | None
"""The flush or commit that failed; None while the session is well."""


class _Watch(Watch[State]):
    """Follows a session through one handler; `found` has what failed and the first use after it."""

    def __init__(
        self,
        model: Model,
        frame: Frame,
        session: Owner,
        handler: Swallower,
        failing: frozenset[ast.Call],
    ) -> None:
        self._model = model
        self._frame = frame
        self._session = session
        self._handler = handler
        self._failing = failing
        self._its = Sought(model, frame, session)
        self._around = cache(self._statement_around)
        self._contexts = {
            item.context_expr
            for with_ in frame.block.nodes_of(ast.With, ast.AsyncWith)
            for item in with_.items
        }
        self.found: tuple[ast.Call, ast.Call] | None = None

    def _is_opened_by(self, context: ast.expr) -> bool:
        """Does entering the context give the session? Each entering gives another one."""
        return any(
            self._session in invocation.entered(self._model, value)
            for value in self._model.values(context, self._frame)
        )

    def _statement_around(self, call: ast.Call) -> frozenset[ast.AST]:
        block = self._frame.block
        statement = block.statement(call)
        around = [node for node in block.ancestors(call) if not isinstance(node, ast.stmt)]
        return frozenset((*around, *([statement] if statement else [])))

    def after(self, node: ast.AST, state: State) -> State:
        """The state after the node was evaluated."""
        if state is not None and node in self._around(state):
            return None  # the call returned: it did not fail
        if isinstance(node, ast.Call):
            if state is not None:
                state = self._after_call(node, state)
            if node in self._failing:
                return node
        return state

    def _after_call(self, node: ast.Call, failed: ast.Call) -> State:
        if Site.of(node, self._frame.block) in (self._session.site, *self._session.context):
            return None  # another session
        if node in self._contexts and self._is_opened_by(node):
            return None
        match node.func:
            case ast.Attribute(attr=name, value=owner) if self._its.is_it(owner):
                if name in _NEEDS:
                    return self._used(node, failed)
                return None if name in RESTORES else failed
        names = set(calls.names_of(self._model, self._model.values(node.func, self._frame)))
        if names & _NEVER_RETURN:
            return None
        held = isinstance(node.func, ast.Attribute) and self._its.is_held_by(node.func.value)
        activations = started(self._model, node, self._frame)
        if activations and all(map(never_returns, activations)):
            return None
        if not held and not self._its.is_given_to(node):
            # of a savepoint, a unit of work, a helper that holds it or knows where it is
            restores_it = isinstance(node.func, ast.Attribute) and node.func.attr in RESTORES
            found_it = any("rollback" in inner.block.words for inner in activations)
            if restores_it or found_it:
                return None
            if not activations or not is_registry(self._model, self._session):
                return failed
        if not activations:
            looks = bool(names) and all(name.startswith(_LOOKS_ONLY) for name in names)
            return failed if looks else None
        if any(restores(self._model, inner, self._session) for inner in activations):
            return None
        fails_again = node in self._failing and is_registry(self._model, self._session)
        if fails_again or any(
            uses(self._model, inner, self._session, _NEEDS) for inner in activations
        ):
            return self._used(node, failed)
        return failed

    def _used(self, node: ast.Call, failed: ast.Call) -> State:
        if self._is_flagged(node) or exclude_each_other(self._frame.block, failed, node):
            return failed
        if self._is_for_other_errors(node):
            return failed
        if self.found is None or (
            self.found[1] is node and position(failed) < position(self.found[0])
        ):
            self.found = (failed, node)
        return None

    def _is_flagged(self, node: ast.Call) -> bool:
        """Does a flag decide about the use: `if done:` where `done` is but set to constants?"""
        block = self._frame.block
        around = set(block.ancestors(self._handler))
        for outer in block.ancestors(node):
            if isinstance(outer, ast.If) and outer not in around:
                for part in ast.walk(outer.test):
                    origins = [b.origin for b in block.bindings.get(getattr(part, "id", ""), ())]
                    if len(origins) > 1 and all(
                        isinstance(o, Assigned) and isinstance(o.value, ast.Constant)
                        for o in origins
                    ):
                        return True
        return False

    def _is_for_other_errors(self, node: ast.Call) -> bool:
        """Does the handler come to the use for errors of a certain kind: `if "429" in str(error):`?"""
        handler = self._handler
        if not isinstance(handler, ast.ExceptHandler) or handler.name is None:
            return False
        told = _names_from(handler, handler.name)
        inside: ast.AST = node
        found = False
        for outer in self._frame.block.ancestors(node):
            if outer is handler:
                return found
            if isinstance(outer, ast.If) and inside in outer.body:
                found = found or self._picks(outer.test, told)
            inside = outer
        return False

    def _picks(self, test: ast.expr, told: set[str]) -> bool:
        """Does a test pick errors by what they say, or by types that are not SQLAlchemy's?"""
        match test:
            case ast.UnaryOp(op=ast.Not()):
                return False
            case ast.Name(id=name) if name == getattr(self._handler, "name", None):
                return False
            case ast.Call(func=ast.Name(id="isinstance"), args=[ast.Name(id=name), classes]):
                types = classes.elts if isinstance(classes, ast.Tuple) else [classes]
                caught = _gets_errors(self._model, types, self._frame)
                return name in told and caught is False
        return any(isinstance(part, ast.Name) and part.id in told for part in ast.walk(test))

    def _tells(self, test: ast.expr) -> bool:
        """Is the test about a variable that the handler sets: `if error: raise error`?"""
        noted = {
            node.id
            for node in ast.walk(self._handler)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        return any(isinstance(node, ast.Name) and node.id in noted for node in ast.walk(test))

    # what the statements ask

    def raises(self, node: ast.AST) -> tuple[Way, ...]:
        """Only what flushes or commits is taken to raise, and `raise` statements."""
        return (Way.ERROR,) if node in self._failing else ()

    def left(self, context: ast.expr, state: State) -> State:
        """`with maker() as session` closes it, `with session.begin()` and `begin_nested()` roll back.

        The end of an app context removes the registries whose app tears them down.
        """
        match context:
            case ast.Call(func=ast.Attribute(attr="begin" | "begin_nested", value=owner)):
                return None if self._its.is_it(owner) else state
            case ast.Call(func=ast.Attribute(attr=name)) if name in _APP_CONTEXTS:
                return None if is_registry(self._model, self._session) else state
        given = isinstance(context, ast.Call) and self._its.is_given_to(context)
        return None if given or self._is_opened_by(context) else state

    def swallows(self, context: ast.expr) -> bool:
        """Only the one that is looked at goes on."""
        items = getattr(self._handler, "items", ())
        return any(item.context_expr is context for item in items) and _suppresses(
            self._model, context, self._frame
        )

    def catches(self, handler: ast.ExceptHandler, way: Way) -> bool | None:
        """Only the one that is looked at goes on."""
        return handler is self._handler and way in RAISED

    def chosen(self, test: ast.expr, branches: list[Outcome[State]]) -> list[Outcome[State]]:
        """`if failed: session.rollback()`: a branch that goes on with a session that is well again."""
        block = self._frame.block
        if block.parents.get(test) in set(block.ancestors(self._handler)):
            return branches  # the session fails in there
        if self._tells(test) and not all(branch.get(Way.NEXT) for branch in branches):
            return [_well(branch) for branch in branches]
        failed = [any(state for state in branch.get(Way.NEXT, ())) for branch in branches]
        if failed[0] == failed[1]:
            return branches
        well = branches[failed.index(False)]
        return [well] if well.get(Way.NEXT) else branches


def _names_from(handler: ast.ExceptHandler, error: str) -> set[str]:
    """The error's name, and those of what a handler makes of it."""
    told = {error}
    for statement in handler.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Assign) and any(
                isinstance(part, ast.Name) and part.id in told for part in ast.walk(node.value)
            ):
                told.update(target.id for target in node.targets if isinstance(target, ast.Name))
    return told


def _well(branch: Outcome[State]) -> Outcome[State]:
    """The branch without the ways on which a failed session goes on."""
    going_on = frozenset(state for state in branch.get(Way.NEXT, ()) if state is None)
    return branch | {Way.NEXT: going_on}
