"""Blocks of `with session.begin():`, and what uses the session after the transaction was ended inside of them.

Measured on SQLAlchemy: such a use raises until the block is left; some methods do not, as they need no transaction.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
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
    block: Block
    """The function that uses it: this one, or the helper that ended the transaction."""


def used_on(model: Model, frame: Frame) -> Iterator[UsedOn]:
    """The calls that end a `begin()` block's transaction in this function, each with the first use after it."""
    for node in frame.block.nodes_of(ast.With, ast.AsyncWith):
        for item in node.items:
            owner = _begun_by(model, item.context_expr, frame)
            if owner is not None and _may_be_ended_in(node, frame.block):
                watch = _Watch(model, frame, owner, item.context_expr)
                Walk(frame.block, watch).out(_State())
                for end, use in watch.found.items():
                    yield UsedOn(end, use, owner, watch.helpers.get(end, frame.block))


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


def _may_be_ended_in(node: ast.With | ast.AsyncWith, block: Block) -> bool:
    """Is there a call that ends it, or one that some object or the session itself is given to?"""
    return any(
        (isinstance(call.func, ast.Attribute) and call.func.attr in _ENDS)
        or call.args
        or call.keywords
        for call in block.calls
        if any(ancestor is node for ancestor in block.ancestors(call))
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
        self.helpers: dict[ast.Call, Block] = {}
        """Those that use the session after they have ended its transaction themselves, by the calls of them."""

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
                return self._called(node, state)
            case ast.Call():
                return self._called(node, state)
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

    def _called(self, node: ast.Call, state: _State) -> _State:
        """A call of the project that is given the session, or an object's that holds it."""
        if state.end is not None and state.end in self.found:
            return state
        holder = isinstance(node.func, ast.Attribute) and self._its.is_held_by(node.func.value)
        if not holder and not self._its.is_given_to(node):
            return state
        activations = started(self._model, node, self._frame)
        if state.end is None:
            return self._helped(node, activations, state)
        if any(uses(self._model, a, self._owner, self._methods) for a in activations):
            self.found[state.end] = node
        return state

    def _helped(self, node: ast.Call, activations: list[Frame], state: _State) -> _State:
        """A helper that ends the transaction, whatever it does else."""
        is_awaited = isinstance(self._frame.block.parents.get(node), ast.Await)
        ends = [
            ending(self._model, a, self._owner, self._methods)
            for a in activations
            if is_awaited or not a.block.is_async
        ]
        if not ends or None in ends or len(ends) < len(activations):
            return state
        for end in ends:
            if end is not None and end.use is not None:
                self.found.setdefault(node, end.use)
                self.helpers.setdefault(node, end.block)
        name = ends[0].name if ends[0] is not None else ""
        return _State(True, node, name == "commit" and self._expires())

    def _read(self, node: ast.Attribute, state: _State) -> None:
        """An attribute of a mapped object that the session knows, read after the transaction expired it."""
        if state.end is None or not isinstance(node.value, ast.Name):
            return
        if getattr(state.end.func, "attr", "") == "rollback" and node.value.id in self._added:
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


@dataclass(frozen=True, slots=True)
class Ending:
    """The method by which a helper ends the transaction of its session, and what uses the session there after that."""

    name: str
    use: ast.expr | None
    block: Block


def ending(
    model: Model, frame: Frame, owner: Owner, methods: frozenset[str], depth: int = 0
) -> Ending | None:
    """Does a function that is given a session end its transaction, in a statement that nothing decides about?"""
    if depth > _DEEPEST or frame.block.yields or not frame.block.is_function:
        return None
    its = Sought(model, frame, owner)
    name: str | None = None
    for statement in _straight(getattr(frame.block.node, "body", ())):
        for call in ast.walk(statement):
            if not isinstance(call, ast.Call) or call not in frame.block.parents:
                continue
            method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            if isinstance(call.func, ast.Attribute) and its.is_it(call.func.value):
                if name is None and method in _ENDS:
                    name = method
                elif name is not None and method in methods:
                    return Ending(name, call, frame.block)
            elif its.is_given_to(call) or (
                isinstance(call.func, ast.Attribute) and its.is_held_by(call.func.value)
            ):
                inner = started(model, call, frame)
                if name is None:
                    ends = [ending(model, f, owner, methods, depth + 1) for f in inner]
                    if ends and ends[0] is not None and None not in ends:
                        name = ends[0].name
                        if ends[0].use is not None:
                            return ends[0]
                elif any(uses(model, f, owner, methods) for f in inner):
                    return Ending(name, call, frame.block)
    return Ending(name, None, frame.block) if name is not None else None


def _straight(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run one after another when nothing is raised, up to the first that decides something."""
    for statement in body:
        match statement:
            case ast.Try():
                yield from _straight(statement.body)
                yield from _straight(statement.orelse)
            case ast.Expr() | ast.Assign() | ast.AnnAssign() | ast.Return():
                yield statement
