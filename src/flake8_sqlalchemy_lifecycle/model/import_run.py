"""What importing a module does to engines: which have connections in their pools when it is done.

The statements are followed in the order in which an import runs them, into the modules that they import and the
functions that they call. What only happens under some condition does not count; a loop is taken to run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import calls
from .connecting import connects, disposed_by
from .disposal import is_same
from .engine_fates import follow
from .kept import is_cached
from .scopes import Block
from .values import Frame, Func, Made, Site, in_order
from .ways import Outcome, Walk, Watch, Way

if TYPE_CHECKING:
    from .inference import Model

_DEEPEST = 5
_LONGEST_CHAIN = 40  # imports inside imports
_RUN = frozenset({"run", "run_until_complete"})
_NOT_AT_IMPORT = frozenset({"__name__", "TYPE_CHECKING"})


@dataclass(frozen=True, slots=True)
class Connected:
    """An engine with connections in its pool, and the call that made the first one."""

    engine: Made
    by: Site


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is: what it has loaded and connected, and whether what comes next runs in any case."""

    loaded: frozenset[str] = frozenset()
    connected: frozenset[Connected] = frozenset()
    certain: bool = True


def connected_by_import(model: Model, path: str, factory: Func | None = None) -> list[Connected]:
    """The engines that an import of the file leaves connected, or the import and a call of the factory after it."""
    run = _Run(model)
    states = run.load(path, Progress())
    if factory is not None:
        frame = calls.entry(model, factory)
        states = frozenset(after for state in states for after in run.called(frame, state))
    found = {connected.engine: connected for state in states for connected in state.connected}
    return sorted(found.values(), key=_order)


class _Run:
    """One import, with the functions that are running."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.running: list[Block] = []
        self.depth = 0

    def load(self, path: str, state: Progress) -> frozenset[Progress]:
        """The states after a module's import."""
        if path in state.loaded:
            return frozenset({state})
        state = replace(state, loaded=state.loaded | {path})
        module = self.model.project.module(path)
        if module is None or self.depth >= _LONGEST_CHAIN or not self._matters(path):
            return frozenset({state})
        self.depth += 1
        states = self.body(self.model.frame(module.block), state)
        self.depth -= 1
        return states

    def _matters(self, path: str) -> bool:
        return self.model.project.closure_says(path, "sqlalchemy", "sqlmodel")

    def called(self, frame: Frame, state: Progress) -> frozenset[Progress]:
        """The states after a function's run; what it leaves behind with nobody to use it is gone."""
        if len(self.running) >= _DEEPEST or frame.block in self.running:
            return frozenset({state})
        self.running.append(frame.block)
        states = self.body(frame, state)
        self.running.pop()
        return frozenset(
            replace(
                after,
                certain=state.certain,
                connected=frozenset(
                    c
                    for c in after.connected
                    if c in state.connected or not self._is_lost(c.engine, frame)
                ),
            )
            for after in states
        )

    def body(self, frame: Frame, state: Progress) -> frozenset[Progress]:
        """The states in which a module, class or function is left."""
        out = Walk(frame.block, _Watch(self, frame)).out(state)
        states = out.get(Way.NEXT, frozenset()) | out.get(Way.RETURN, frozenset())
        return states or frozenset({state})

    def _is_lost(self, engine: Made, frame: Frame) -> bool:
        """Is the engine the function's own, and given to nobody?"""
        if is_cached(self.model, frame.block):
            return False
        return any(
            Site.of(call, frame.block) == engine.appears
            and follow(self.model, frame, call, engine.site).is_left
            for call in frame.block.calls
        )


class _Watch(Watch[Progress]):
    """Follows an import through one module, class or function."""

    def __init__(self, run: _Run, frame: Frame) -> None:
        self._run = run
        self._model = run.model
        self._frame = frame

    def after(self, node: ast.AST, state: Progress) -> Progress:
        """The state after the node was evaluated."""
        match node:
            case ast.Import(names=names):
                for alias in names:
                    state = self._loaded(state, alias.name, 0, ())
            case ast.ImportFrom(module=module, level=level, names=names):
                state = self._loaded(state, module or "", level, [alias.name for alias in names])
            case ast.ClassDef():
                inner = self._frame.block.inner[node]
                state = _worst(self._run.body(self._model.frame(inner), state))
            case ast.Call(func=ast.Attribute(attr="dispose", value=owner)) if not self._is_project(
                node
            ):
                state = self._disposed(owner, state)
            case ast.Call():
                state = self._called(node, state)
        return state

    def _loaded(
        self, state: Progress, dotted: str, level: int, names: list[str] | tuple[()]
    ) -> Progress:
        path = self._frame.block.module.path
        for file in self._model.project.loads(path, dotted, level, names):
            state = _worst(self._run.load(file, state))
        return state

    def _is_project(self, call: ast.Call) -> bool:
        """Does the call lead to a function of the project?"""
        return any(isinstance(v, Func) for v in self._model.values(call.func, self._frame))

    def _disposed(self, owner: ast.expr, state: Progress) -> Progress:
        gone = disposed_by(self._model, owner, self._frame)
        if gone is None:
            return replace(state, connected=frozenset())
        return replace(
            state,
            connected=frozenset(
                c for c in state.connected if not any(is_same(c.engine, engine) for engine in gone)
            ),
        )

    def _called(self, node: ast.Call, state: Progress) -> Progress:
        state = self._connected(connects(self._model, node, self._frame), node, state)
        for callee in in_order(self._model.values(node.func, self._frame)):
            for activation in calls.activations(self._model, callee, node, self._frame):
                if self._runs(node, activation.block):
                    state = _worst(self._run.called(activation, state))
        return state

    def _runs(self, call: ast.Call, function: Block) -> bool:
        """Does the call run the function's body: is a coroutine awaited, or a generator entered?"""
        around = self._frame.block.parents.get(call)
        if function.yields:
            return isinstance(around, ast.withitem | ast.For | ast.AsyncFor)
        if not function.is_async:
            return True
        return isinstance(around, ast.Await) or (
            isinstance(around, ast.Call) and calls.spelled(around) in _RUN
        )

    def _connected(self, engines: Iterator[Made], node: ast.expr, state: Progress) -> Progress:
        if state.certain:
            by = Site.of(node, self._frame.block)
            known_by = {connected.engine for connected in state.connected}
            new = frozenset(Connected(e, by) for e in engines if e not in known_by)
            if new:
                return replace(state, connected=state.connected | new)
        return state

    def chosen(self, test: ast.expr, branches: list[Outcome[Progress]]) -> list[Outcome[Progress]]:
        """What both branches of an `if` have done is done; `if __name__ == "__main__":` is not where it is imported."""
        names = {getattr(n, "id", getattr(n, "attr", "")) for n in ast.walk(test)}
        if not names.isdisjoint(_NOT_AT_IMPORT):
            return branches[:1] if isinstance(test, ast.UnaryOp) else branches[1:]
        body, orelse = (branch.get(Way.NEXT) for branch in branches)
        if body and orelse:
            both = frozenset({_common([_worst(body), _worst(orelse)])})
            return [branch | {Way.NEXT: both} for branch in branches]
        if any(branch.get(Way.RETURN) for branch in branches):
            return [
                branch
                | {Way.NEXT: frozenset(replace(s, certain=False) for s in branch.get(Way.NEXT, ()))}
                for branch in branches
            ]
        return branches


def _worst(states: frozenset[Progress]) -> Progress:
    """One state for several: the one in which most is connected."""
    return max(
        states,
        key=lambda s: (
            len(s.connected),
            len(s.loaded),
            s.certain,
            sorted(map(_order, s.connected)),
        ),
    )


def _order(connected: Connected) -> tuple[Site, Site]:
    return connected.by, connected.engine.site


def _common(states: list[Progress]) -> Progress:
    """What holds in all of the states."""
    return Progress(
        frozenset.intersection(*(state.loaded for state in states)),
        frozenset.intersection(*(state.connected for state in states)),
        all(state.certain for state in states),
    )
