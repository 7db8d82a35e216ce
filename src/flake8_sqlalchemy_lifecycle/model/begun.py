"""Blocks of `with session.begin():`, and what uses the session after the transaction was ended inside of them.

Measured on SQLAlchemy: such a use raises until the block is left; some methods do not, as they need no transaction.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from . import attributes, passing
from .holding import started
from .inference import Model, known
from .knowledge import IO_METHODS, Kind
from .loading import loaded_class
from .mapping import is_mapped_attribute, mapped_class
from .scopes import Block
from .sought import Sought
from .truth import is_skipped
from .values import Cls, Constant, Frame, Instance, Made, Site, Value
from .ways import Walk, Watch, Way

_ENDS = frozenset({"commit", "rollback", "close", "aclose"})
_NEED_NONE = frozenset(
    "aclose close flush invalidate merge merge_all reset rollback run_sync start".split()
)
"""Methods that do not raise then, or not always."""
_SENDS = frozenset("exec execute flush get get_one merge refresh scalar scalars".split())
_BEGUN = (Kind.SESSION, Kind.CONNECTION, Kind.REGISTRY)
_DEEPEST = 4
Owner = Made | Instance


@dataclass(frozen=True, slots=True)
class UsedOn:
    """A session or connection that is used after the call that ended the transaction of its `begin()` block."""

    end: ast.Call
    use: ast.expr
    owner: Owner


def used_on(model: Model, frame: Frame) -> Iterator[UsedOn]:
    """The calls that end a `begin()` block's transaction in this function, each with the first use after it."""
    for node in frame.block.nodes_of(ast.With, ast.AsyncWith):
        for item in node.items:
            owner = _begun_by(model, item.context_expr, frame)
            if owner is not None and _is_ended_in(node, frame.block):
                watch = _Watch(model, frame, owner, item.context_expr)
                Walk(frame.block, watch).out(_State())
                for end, use in watch.found.items():
                    yield UsedOn(end, use, owner)


def _begun_by(model: Model, context: ast.expr, frame: Frame) -> Owner | None:
    """The session or connection whose transaction a `with` runs."""
    match context:
        case ast.Call(func=ast.Attribute(attr="begin", value=owner)):
            found = known(model.values(owner, frame))
        case _:
            return None
    if len(found) == 1 and attributes.kind_of(model, next(iter(found))) in (
        Kind.MAKER,
        Kind.ENGINE,
    ):
        found = known(model.values(context, frame))
    value = next(iter(found), None)
    if len(found) != 1 or not isinstance(value, Made | Instance):
        return None
    return value if attributes.kind_of(model, value) in _BEGUN else None


def _is_ended_in(node: ast.With | ast.AsyncWith, block: Block) -> bool:
    return any(
        isinstance(call.func, ast.Attribute)
        and call.func.attr in _ENDS
        and any(ancestor is node for ancestor in block.ancestors(call))
        for call in block.calls
    )


@dataclass(frozen=True, slots=True)
class _State:
    """Is the block entered; which call ended its transaction; and are the session's objects expired since?"""

    inside: bool = False
    end: ast.Call | None = None
    expired: bool = False


class _Watch(Watch[_State]):
    """Follows a session through the function; `found` has the first use after each call that ends the transaction."""

    def __init__(self, model: Model, frame: Frame, owner: Owner, context: ast.expr) -> None:
        self._model = model
        self._frame = frame
        self._owner = owner
        self._context = context
        self._its = Sought(model, frame, owner)
        self._methods = _methods(model, owner)
        self._objects: dict[str, Cls] = {}
        self._added: set[str] = set()
        self.found: dict[ast.Call, ast.expr] = {}

    def after(self, node: ast.AST, state: _State) -> _State:
        """The state after the node was evaluated."""
        if node is self._context:
            return _State(inside=True)
        if not state.inside:
            self._know(node)
            return state
        match node:
            case ast.Call(func=ast.Attribute(attr=name, value=owner)):
                if self._its.is_it(owner):
                    return self._method(name, node, state)
                if name in _ENDS and self._is_transaction(owner):
                    return _State(True, state.end or node, name != "close")
                self._called(node, state)
            case ast.Call():
                self._called(node, state)
            case ast.Attribute(ctx=ast.Load()) if state.expired:
                self._read(node, state)
            case ast.Assign():
                self._know(node)
        return state

    def _method(self, name: str, node: ast.Call, state: _State) -> _State:
        if state.end is not None:
            if name in self._methods:
                self.found.setdefault(state.end, node)
            if name in ("expunge_all", "close", "reset"):
                return _State(True, state.end)
            return state
        self._know(node)
        if name not in _ENDS:
            return state
        return _State(True, node, name == "rollback" or (name == "commit" and self._expires()))

    def _is_transaction(self, node: ast.expr) -> bool:
        """Is it what the `with` itself bound: the block's own transaction?"""
        site = Site.of(self._context, self._frame.block)
        return any(
            isinstance(value, Made)
            and value.site == site
            and attributes.kind_of(self._model, value) is Kind.TRANSACTION
            for value in self._model.values(node, self._frame)
        )

    # uses

    def _called(self, node: ast.Call, state: _State) -> None:
        """A call of the project that is given the session, or an object's that holds it."""
        if state.end is None or state.end in self.found:
            return
        holder = isinstance(node.func, ast.Attribute) and self._its.is_held_by(node.func.value)
        if holder or self._its.is_given_to(node):
            if any(
                uses(self._model, activation, self._owner, self._methods)
                for activation in started(self._model, node, self._frame)
            ):
                self.found[state.end] = node

    def _read(self, node: ast.Attribute, state: _State) -> None:
        """An attribute of a mapped object that the session knows, read after the transaction expired it."""
        if state.end is None or not isinstance(node.value, ast.Name):
            return
        if state.end.func.attr == "rollback" and node.value.id in self._added:  # type: ignore[attr-defined]
            return  # what was new leaves the session as it is
        cls = self._objects.get(node.value.id)
        if cls is not None and is_mapped_attribute(self._model, cls, node.attr):
            self.found.setdefault(state.end, node)

    def _know(self, node: ast.AST) -> None:
        """Remember the names of the objects that the session knows: added to it, or loaded through it."""
        match node:
            case ast.Call(func=ast.Attribute(attr="add", value=owner), args=[ast.Name(id=name)]):
                if self._its.is_it(owner):
                    self._added.add(name)
                    for value in self._model.values(node.args[0], self._frame):
                        self._learn(name, mapped_class(self._model, value))
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self._objects.pop(name, None)
                self._added.discard(name)
                self._learn(name, loaded_class(self._model, value, self._frame, self._its.is_it))

    def _learn(self, name: str, cls: Cls | None) -> None:
        if cls is not None:
            self._objects[name] = cls

    def _expires(self) -> bool:
        """Does a commit expire the session's objects?"""
        made: Value | None = self._owner
        while isinstance(made, Made):
            given = passing.argument_values(self._model, made, "expire_on_commit")
            if given is not None:
                return given == {Constant(True)}
            if made.declared:
                return False
            made = made.origin
        return made is None

    # what the statements ask

    def raises(self, node: ast.AST) -> tuple[Way, ...]:
        """A statement that the session sends may fail; what ends the transaction is not taken to."""
        match node:
            case ast.Call(func=ast.Attribute(attr=name, value=owner)):
                if name in _SENDS and self._its.is_it(owner):
                    return (Way.ERROR,)
        return ()

    def left(self, context: ast.expr, state: _State) -> _State:
        """After the block the session begins anew."""
        return _State() if context is self._context else state


def _methods(model: Model, owner: Owner) -> frozenset[str]:
    """The methods that raise when the transaction of the block was ended."""
    if attributes.kind_of(model, owner) is Kind.CONNECTION:
        return IO_METHODS[Kind.CONNECTION] - _NEED_NONE - {"commit", "get_isolation_level"}
    return (IO_METHODS[Kind.SESSION] - _NEED_NONE) | {"add", "add_all"}


def uses(model: Model, frame: Frame, owner: Owner, methods: frozenset[str]) -> bool:
    """Does a function, or one that it calls, use the session by one of the methods?"""
    if frame.depth > _DEEPEST or frame.block.yields:
        return False
    its = Sought(model, frame, owner)
    for call in frame.block.calls:
        if isinstance(call.func, ast.Attribute) and its.is_it(call.func.value):
            if call.func.attr in methods and not is_skipped(model, call, frame):
                return True
        elif its.is_given_to(call) or (
            isinstance(call.func, ast.Attribute) and its.is_held_by(call.func.value)
        ):
            if any(uses(model, inner, owner, methods) for inner in started(model, call, frame)):
                return True
    return False
