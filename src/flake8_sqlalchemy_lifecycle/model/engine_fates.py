"""What becomes of an engine that a function makes: kept somewhere, given to the caller, disposed, or left.

The engine is followed through what is made of it: makers, sessions, connections, and objects that hold it.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from . import attributes, calls, disposal, handlers
from .engines import engines_behind
from .holding import CLOSES, started
from .inference import known
from .knowledge import IO_METHODS
from .knowledge.sqlalchemy import TAKE_AN_ENGINE
from .scopes import Block
from .values import Bound, Cls, Elements, Entering, Frame, Func, Instance, Items, Made, Site, Values
from .ways import RAISED, Outcome, Walk, Watch, Way

if TYPE_CHECKING:
    from .inference import Model

_DEEPEST = 5
_CONNECTS = frozenset({"connect", "begin", "raw_connection", "run_sync", "execute"})
_KEEP_NOTHING = (
    "sqlalchemy.",
    "sqlmodel.",
    "pandas.",
    "builtins.",
    "logging.",
    "structlog.",
    "loguru.",
    "typing.",
)
_KEEPS = frozenset({"builtins.setattr"})
_PLAIN_BASES = frozenset({"builtins.object", "typing.NamedTuple", "typing.Generic"})


class Fate(Enum):
    """What an engine is to the function at some point."""

    ABSENT = auto()
    HELD = auto()
    DISPOSED = auto()
    GIVEN = auto()  # returned or yielded
    KEPT = auto()  # stored where others find it, or in the hands of code that may do so


@dataclass(frozen=True, slots=True)
class Followed:
    """The ways of one engine through a function.

    `used` tells whether the function connects through it, `disposes` whether it disposes it on some way.
    """

    fates: frozenset[Fate]
    used: bool
    disposes: bool

    @property
    def is_left(self) -> bool:
        """Does nobody have the engine afterwards, and is it open on some way?"""
        return Fate.HELD in self.fates and self.fates.isdisjoint({Fate.GIVEN, Fate.KEPT})

    @property
    def is_given(self) -> bool:
        """Does the caller get it, and nobody else?"""
        return Fate.GIVEN in self.fates and Fate.KEPT not in self.fates


def follow(model: Model, frame: Frame, opening: ast.expr, site: Site) -> Followed:
    """Follow the engine made at `site` through the function in which `opening` gives it."""
    watch = _EngineWatch(model, frame, site, opening)
    out = Walk(frame.block, watch).out(Fate.ABSENT)
    return Followed(frozenset().union(*out.values()), watch.used, watch.disposes)


class _EngineWatch(Watch[Fate]):
    """Watches one engine in one activation; without an opening the function got it."""

    def __init__(
        self, model: Model, frame: Frame, site: Site, opening: ast.expr | None = None
    ) -> None:
        self._model = model
        self._frame = frame
        self._site = site
        self._opening = opening
        self._risky: set[ast.AST] = set()
        self.used = False
        self.disposes = False

    # what an expression does

    def after(self, node: ast.AST, state: Fate) -> Fate:
        """The state after the node was evaluated."""
        if node is self._opening:
            return Fate.KEPT if self._is_collected(node) else Fate.HELD
        if state is Fate.GIVEN and isinstance(node, ast.Attribute) and node.attr == "dispose":
            self.disposes = self.disposes or self._is_it(node.value)  # after a `yield`
        if state is not Fate.HELD:
            return state
        match node:
            case ast.Attribute(attr="dispose", value=owner):
                return self._disposed(node, owner)
            case ast.Call():
                return self._call(node)
            case ast.Return(value=value) | ast.Yield(value=value) | ast.YieldFrom(value=value):
                if isinstance(node, ast.Yield):
                    self._risky.add(node)
                return Fate.GIVEN if value is not None and self._has_it(value) else state
            case ast.Assign(targets=targets, value=value):
                return self._stored(targets, value)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                return self._stored([target], value)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda() | ast.ClassDef():
                return self._captured(self._frame.block.inner.get(node))
        return state

    def _is_collected(self, node: ast.AST) -> bool:
        """Does it become an element of a collection?"""
        for ancestor in self._frame.block.ancestors(node):
            if isinstance(ancestor, ast.stmt):
                return False
            if isinstance(
                ancestor,
                ast.List | ast.Tuple | ast.Set | ast.Dict | ast.ListComp | ast.SetComp
                | ast.DictComp | ast.GeneratorExp | ast.Lambda,
            ):  # fmt: skip
                return True
        return False

    def _disposed(self, node: ast.Attribute, owner: ast.expr) -> Fate:
        if self._is_it(owner):
            self.disposes = True
            parent = self._frame.block.parents.get(node)
            called = isinstance(parent, ast.Call) and parent.func is node
            return Fate.DISPOSED if called else Fate.KEPT
        values = self._model.values(owner, self._frame)
        followed = all(isinstance(v, Made | Instance) for v in known(values))
        return Fate.HELD if followed and known(values) else Fate.KEPT

    def _call(self, node: ast.Call) -> Fate:
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        if owner is not None and self._is_it(owner):
            if self._connects(node, owner):
                self._use(node)
                if calls.spelled(node) in CLOSES:
                    self._risky.discard(node)  # a clean-up
            return Fate.HELD
        given = any(map(self._has_it, (*node.args, *(k.value for k in node.keywords))))
        holder = owner is not None and self._is_held_by(owner)
        if not given and not holder:
            return Fate.HELD
        if calls.spelled(node) in TAKE_AN_ENGINE:
            return self._use(node)
        found = known(self._model.values(node.func, self._frame))
        names = set(calls.names_of(self._model, found))
        if names and all(n.startswith(_KEEP_NOTHING) and n not in _KEEPS for n in names):
            if not any(
                attributes.kind_of(self._model, value) is not None
                for value in self._model.values(node, self._frame)
            ):
                self._use(node)
            return Fate.HELD
        activations = started(self._model, node, self._frame)
        if not activations and given and self._is_only_put_into(node, found):
            return Fate.HELD
        if not activations or self._frame.depth > _DEEPEST:
            return Fate.KEPT if given else self._use(node)
        fates = frozenset().union(*(self._within(activation) for activation in activations))
        self._risky.add(node)
        if Fate.KEPT in fates:
            return Fate.KEPT
        return Fate.DISPOSED if fates == {Fate.DISPOSED} else Fate.HELD

    def _is_only_put_into(self, node: ast.Call, callees: Values) -> bool:
        """`Database(engine=engine)`: an object of the project's that has it for a field, without a constructor?"""
        return (
            bool(callees)
            and all(
                isinstance(cls, Cls)
                and all(
                    isinstance(base, Cls) or base.name in _PLAIN_BASES
                    for base in attributes.mro(self._model, cls)
                )
                and not cls.block.node.keywords  # type: ignore[union-attr]
                for cls in callees
            )
            and self._is_held_by(node)
        )

    def _within(self, activation: Frame) -> frozenset[Fate]:
        """What becomes of it in a function that gets it; a constructor may store it in its object."""
        if activation.depth > _DEEPEST:
            return frozenset({Fate.KEPT})
        inner = _EngineWatch(self._model, activation, self._site)
        out = Walk(activation.block, inner).out(Fate.HELD)
        self.used = self.used or inner.used
        self.disposes = self.disposes or inner.disposes
        found = frozenset().union(*(out.get(w, frozenset()) for w in (Way.NEXT, Way.RETURN)))
        if activation.block.name in ("__init__", "__post_init__"):
            found -= {Fate.KEPT}
        return found

    def _use(self, node: ast.AST) -> Fate:
        self.used = True
        self._risky.add(node)
        return Fate.HELD

    def _connects(self, node: ast.Call, owner: ast.expr) -> bool:
        name = calls.spelled(node) or ""
        kinds = {
            attributes.kind_of(self._model, value)
            for value in self._model.values(owner, self._frame)
        }
        return name in _CONNECTS or any(
            kind in IO_METHODS and name in IO_METHODS[kind] for kind in kinds if kind is not None
        )

    def _stored(self, targets: list[ast.expr], value: ast.expr) -> Fate:
        if not self._has_it(value) and not self._is_held_by(value):
            return Fate.HELD
        for target in targets:
            parts = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
            for part in parts:
                if isinstance(part, ast.Attribute | ast.Subscript):
                    return Fate.KEPT
                if isinstance(part, ast.Name) and part.id in self._frame.block.outer_names:
                    return Fate.KEPT
        return Fate.HELD

    def _captured(self, block: Block | None) -> Fate:
        """An inner function that uses it: who calls that, and when, is not followed."""
        names = block.words if block is not None else frozenset[str]()
        for name in names & self._frame.block.bindings.keys():
            found = self._model.lookup(name, self._frame)
            if any(self._means_it(value) or self._holds(value) for value in found):
                return Fate.KEPT
        return Fate.HELD

    # what is it

    def _means_it(self, value: object) -> bool:
        match value:
            case Made() | Instance() if attributes.kind_of(self._model, value) is not None:
                return any(e.site == self._site for e in engines_behind(self._model, value))
            case Items(elements):
                return any(self._means_it(v) for values in elements for v in values)
            case Elements(values) | Entering(values):
                return any(map(self._means_it, values))
            case Bound(receiver, name):
                return name in _CONNECTS and self._means_it(receiver)
        return False

    def _is_it(self, node: ast.expr) -> bool:
        if node is self._opening:
            return True
        if isinstance(node, ast.Await | ast.NamedExpr):
            return self._is_it(node.value)
        if not isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call):
            return False
        return any(map(self._means_it, self._model.values(node, self._frame)))

    def _has_it(self, node: ast.expr) -> bool:
        match node:
            case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
                return any(map(self._has_it, parts))
            case ast.Dict(values=parts) | ast.BoolOp(values=parts):
                return any(map(self._has_it, parts))
            case ast.IfExp(body=body, orelse=other):
                return self._has_it(body) or self._has_it(other)
            case ast.Starred(value=value):
                return self._has_it(value)
        return self._is_it(node) or self._is_held_by(node)

    def _is_held_by(self, node: ast.expr) -> bool:
        """Is the expression an object of the project that got it, or that `opening` makes with it?"""
        if not isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Await):
            return False
        return any(map(self._holds, self._model.values(node, self._frame)))

    def _holds(self, value: object, depth: int = _DEEPEST) -> bool:
        """Has an object it among its arguments, or another one that has?"""
        if not isinstance(value, Instance) or not depth:
            return False
        if isinstance(self._opening, ast.Call):
            if value.site == Site.of(self._opening, self._frame.block):
                return True
        held = [v for _, values in value.args for v in values]
        return any(self._means_it(v) or self._holds(v, depth - 1) for v in held)

    # what the statements ask

    def raises(self, node: ast.AST) -> tuple[Way, ...]:
        """Whatever connects may fail, and an async function can be cancelled there."""
        if node not in self._risky:
            return ()
        return RAISED if self._frame.block.is_async else (Way.ERROR,)

    def left(self, context: ast.expr, state: Fate) -> Fate:
        """`with` over an object that holds it: its exit may dispose it, or be code that cannot be read."""
        if state is not Fate.HELD:
            return state
        for value in self._model.values(context, self._frame):
            if isinstance(value, Entering) and value.closes and self._has_it(context):
                if not any(attributes.kind_of(self._model, v) for v in value.values):
                    return Fate.KEPT
            if isinstance(value, Instance) and attributes.kind_of(self._model, value) is None:
                if self._is_held_by(context) and not self._exits_without(value):
                    return Fate.KEPT
        return state

    def _exits_without(self, holder: Instance) -> bool:
        """Does the object have an exit of the project's, which disposes nothing?"""
        exits = [
            calls.entry(self._model, method)
            for name in ("__exit__", "__aexit__")
            for method in attributes.of_instance(self._model, holder, holder.cls, name)
            if isinstance(method, Func)
        ]
        ended = (d for exit_ in exits for d in disposal.of_function(self._model, exit_))
        return bool(exits) and next(ended, None) is None

    def swallows(self, context: ast.expr) -> bool:
        """`contextlib.suppress`."""
        return handlers.swallows(self._model, self._frame, context)

    def catches(self, handler: ast.ExceptHandler, way: Way) -> bool | None:
        """`except Exception` gets every error, and no cancellation."""
        return handlers.catches(self._model, self._frame, handler, way)

    def chosen(self, test: ast.expr, branches: list[Outcome[Fate]]) -> list[Outcome[Fate]]:
        """`if engine is not None: engine.dispose()`: the branch that ends it."""
        held = [Fate.HELD in branch.get(Way.NEXT, ()) for branch in branches]
        if held[0] != held[1]:
            if any(isinstance(node, ast.expr) and self._is_it(node) for node in ast.walk(test)):
                return [branches[held.index(False)]]
        return branches
