"""Which functions open a session, and which hand an open one to their callers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from . import attributes, calls, invocation
from .holding import Hold, started, ways_out
from .inference import Model
from .knowledge import Kind
from .sought import is_session, makes_other
from .values import Coroutine, Frame, Instance, Made, Site, Value

_DEEPEST = 4
_PLAIN_DECORATORS = frozenset(
    {"builtins.staticmethod", "builtins.classmethod", "abc.abstractmethod", "typing.override"}
)


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that a function opens: by the call that opens it, made here or by the helper that is called."""

    call: ast.Call
    session: Made | Instance
    frame: Frame

    @property
    def name(self) -> str:
        """What messages call it: the variable that it is assigned to, else the call."""
        block = self.frame.block
        for node in block.ancestors(self.call):
            match node:
                case (
                    ast.Assign(targets=[ast.Name(id=name)])
                    | ast.AnnAssign(target=ast.Name(id=name))
                ):
                    return name
                case ast.Await() | ast.NamedExpr():
                    continue
            break
        return f"{ast.unparse(self.call.func)}()"

    @property
    def made_elsewhere(self) -> bool:
        """Does a helper make the session, and not the call itself?"""
        return self.session.site != Site.of(self.call, self.frame.block)


def opened_in(model: Model, frame: Frame) -> Iterator[Opened]:
    """The sessions that a function opens itself: no parameter's, no registry's, none that a generator lends."""
    for call in frame.block.calls:
        yield from opened_by(model, call, frame)


def opened_by(model: Model, call: ast.Call, frame: Frame) -> Iterator[Opened]:
    """The session that one call opens."""
    for session in _sessions_of(model, call, frame):
        yield Opened(call, session, frame)


def _sessions_of(model: Model, call: ast.Call, frame: Frame) -> Iterator[Made | Instance]:
    if makes_other(model, call, frame):
        return
    site = Site.of(call, frame.block)
    for value in model.values(call, frame):
        given = invocation.returned(model, value.frame) if isinstance(value, Coroutine) else {value}
        for session in given:
            if not is_session(model, session):
                continue
            assert isinstance(session, Made | Instance)
            if session.site == site:
                if not (isinstance(session, Made) and session.declared):
                    yield session
            elif session.context and session.context[-1] == site:
                callees = started(model, call, frame)
                if callees and all(_hands_out(model, callee) for callee in callees):
                    yield session


def is_handed_out(model: Model, session: Value) -> bool:
    """Does it come from a registry, `session = Session()`? Who keeps it keeps one thread's session for all."""
    if not isinstance(session, Made) or session.origin is None:
        return False
    return is_session(model, session) and (
        attributes.kind_of(model, session.origin) is Kind.REGISTRY
    )


def _hands_out(model: Model, frame: Frame) -> bool:
    """Is a session that this activation returns a new one at each call, which nobody else holds?"""
    if frame.depth > _DEEPEST or not is_plain(model, frame):
        return False
    return any(True for _ in handed_out(model, frame))


def handed_out(model: Model, frame: Frame) -> Iterator[Opened]:
    """The sessions that a function opens and returns to its caller, without keeping them anywhere."""
    if frame.block.yields:
        return
    for opened in opened_in(model, frame):
        out = ways_out(model, frame, opened.session, opened.call)
        holds = {state.hold for states in out.values() for state in states}
        if Hold.GIVEN in holds and Hold.KEPT not in holds:
            yield opened


def is_plain(model: Model, frame: Frame) -> bool:
    """Is the function called as it is written, with no decorator that may cache, wrap or finish it?"""
    node = frame.block.node
    if isinstance(node, ast.Lambda):
        return True
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or frame.closure is None:
        return False
    for decorator in node.decorator_list:
        names = set(calls.names_of(model, model.values(decorator, frame.closure)))
        if not names or not names <= _PLAIN_DECORATORS:
            return False
    return True
