"""What a session or connection may be in the middle of when some place is reached."""

from __future__ import annotations

import ast
from enum import Enum, auto
from typing import TYPE_CHECKING

from . import attributes, calls, passing, ways
from .branches import ends_process
from .knowledge import IO_METHODS, Kind
from .scopes import Block
from .values import Constant, Entering, Frame, Instance, Made, Value
from .ways import Outcome, Walk, Way

if TYPE_CHECKING:
    from .inference import Model

_CLOSES = frozenset({"close", "aclose", "reset", "invalidate", "__exit__", "__aexit__"})
_ENDS = frozenset({"commit", "rollback"})
_KNOWS = frozenset({"add", "delete", "merge", "refresh", "get", "get_one"})
"""Methods of a session that are given a mapped object, or return one."""
_DEEPEST = 4
Resource = Made | Instance
_Memo = dict[tuple[Frame, "Progress"], "frozenset[Progress]"]


class Progress(Enum):
    """What a session or connection is in the middle of."""

    FREE = auto()  # it has no connection to the database
    EXPIRED = auto()  # nor has it one now, but reading an attribute of its objects gets one
    HELD = auto()  # it has a connection, without a transaction
    OPEN = auto()  # a transaction may be open


def progress_at(model: Model, resource: Resource, node: ast.AST, block: Block) -> set[Progress]:
    """What `resource` may be in the middle of where `block` evaluates `node`.

    A function begins as its callers in the file leave it, and without any as the import of the modules does.
    """
    return History(model, resource).at(node, block, 0)


def is_ended_by(model: Model, resource: Resource, frame: Frame) -> bool:
    """Does the function behind a frame surely end the transaction of `resource`?"""
    watch = Watch(model, frame, resource, None, {})
    return Progress.OPEN not in _left(Walk(frame.block, watch).out(Progress.OPEN))


class History:
    """What an object may be in the middle of, as a watch that follows it through functions tells."""

    def __init__(self, model: Model, resource: Resource, watch: type[Watch] | None = None) -> None:
        self._model = model
        self._resource = resource
        self._watch = watch or Watch
        self._asked: set[ast.AST] = set()
        self._memo: _Memo = {}

    def at(self, node: ast.AST, block: Block, depth: int) -> set[Progress]:
        """What it may be when `block` evaluates the node."""
        self._asked.add(node)
        found: set[Progress] = set()
        for start in self._at_entry(block, depth):
            frame = self._model.frame(block)
            watch = self._watch(self._model, frame, self._resource, node, self._memo)
            Walk(block, watch).out(start)
            found |= watch.seen
        return found

    def _at_entry(self, block: Block, depth: int) -> set[Progress]:
        if not block.is_function:
            return {self._unused()}
        found: set[Progress] = set()
        if depth < _DEEPEST:
            for call, caller in _calls_of(self._model, block):
                if call not in self._asked:
                    found |= self.at(call, caller, depth + 1)
        return found or self._imported(block)

    def _imported(self, block: Block) -> set[Progress]:
        """What the import of the function's module, and of the one that made the object, leaves behind."""
        states = {self._unused()}
        for path in dict.fromkeys((self._resource.site.path, block.module.path)):
            module = self._model.project.module(path)
            if module is not None:
                frame = self._model.frame(module.block)
                watch = self._watch(self._model, frame, self._resource, None, self._memo)
                states = {
                    s for state in states for s in _left(Walk(module.block, watch).out(state))
                }
        return states or {self._unused()}

    def _unused(self) -> Progress:
        kind = attributes.kind_of(self._model, self._resource)
        return Progress.HELD if kind is Kind.CONNECTION else Progress.FREE


def _calls_of(model: Model, function: Block) -> list[tuple[ast.Call, Block]]:
    """The calls of a function in its own file."""
    name = function.name
    found = []
    for call, caller in function.module.calls():
        if name in (getattr(call.func, "id", None), getattr(call.func, "attr", None)):
            for callee in model.values(call.func, model.frame(caller)):
                if getattr(callee, "block", None) is function and caller is not function:
                    found.append((call, caller))
                    break
    return found


def _left(out: Outcome[Progress]) -> frozenset[Progress]:
    return out.get(Way.NEXT, frozenset()) | out.get(Way.RETURN, frozenset())


class Watch(ways.Watch[Progress]):
    """Follows one session or connection through an activation; `seen` is what it was at `place`."""

    def __init__(
        self,
        model: Model,
        frame: Frame,
        resource: Resource,
        place: ast.AST | None,
        memo: _Memo,
    ) -> None:
        self._model = model
        self._frame = frame
        self._resource = resource
        self._place = place
        self._memo = memo
        self._connection = attributes.kind_of(model, resource) is Kind.CONNECTION
        self._objects: set[str] = set()
        self.seen: set[Progress] = set()

    def after(self, node: ast.AST, state: Progress) -> Progress:
        """The state after the node was evaluated."""
        if node is self._place:
            self.seen.add(state)
        match node:
            case ast.Call(func=ast.Attribute(attr=name, value=owner)) if self._is_it(owner):
                return self._method(name, node, state)
            case ast.Call():
                return self._call(node, state)
            case ast.Attribute(value=ast.Name(id=name), ctx=ast.Load()):
                if state is Progress.EXPIRED and name in self._objects:
                    return Progress.OPEN
        return state

    def _method(self, name: str, node: ast.Call, state: Progress) -> Progress:
        if name in _KNOWS:
            self._objects |= self._known_by(node)
        if name in _CLOSES:
            return Progress.FREE
        if name in _ENDS:
            return self._ended()
        methods = IO_METHODS[Kind.CONNECTION if self._connection else Kind.SESSION]
        return Progress.OPEN if name in methods and name != "begin" else state

    def _ended(self) -> Progress:
        if self._connection:
            return Progress.HELD
        return Progress.EXPIRED if self._expires() else Progress.FREE

    def _expires(self) -> bool:
        """Does a commit expire the session's objects?"""
        made: Value | None = self._resource
        while isinstance(made, Made):
            given = passing.argument_values(self._model, made, "expire_on_commit")
            if given is not None:
                return given != {Constant(False)}
            made = made.origin
        return True

    def _known_by(self, node: ast.Call) -> set[str]:
        """The names of objects that a call makes the session know."""
        found = {argument.id for argument in node.args if isinstance(argument, ast.Name)}
        statement = self._frame.block.statement(node)
        if isinstance(statement, ast.Assign):
            found |= {target.id for target in statement.targets if isinstance(target, ast.Name)}
        return found

    def _call(self, node: ast.Call, state: Progress) -> Progress:
        """A project function may use the object too."""
        if self._frame.depth > _DEEPEST:
            return state
        left: set[Progress] = set()
        for callee in self._model.values(node.func, self._frame):
            for activation in calls.activations(self._model, callee, node, self._frame):
                if activation.block.yields or activation.block is self._frame.block:
                    continue
                left |= self._followed(activation, state)
        for worst in (Progress.OPEN, Progress.HELD, Progress.EXPIRED, Progress.FREE):
            if worst in left:
                return worst
        return state

    def _followed(self, activation: Frame, state: Progress) -> frozenset[Progress]:
        key = activation, state
        if key not in self._memo:
            self._memo[key] = frozenset()  # for a function that calls itself
            inner = type(self)(self._model, activation, self._resource, None, self._memo)
            self._memo[key] = _left(Walk(activation.block, inner).out(state))
        return self._memo[key]

    def left(self, context: ast.expr, state: Progress) -> Progress:
        """The end of `with session`, `with maker()`, `with session.begin()` or `with closing(session)`."""
        match context:
            case ast.Call(func=ast.Attribute(attr="begin", value=owner)) if self._is_it(owner):
                return self._ended()
            case ast.Call(func=ast.Attribute(value=owner)) if self._is_it(owner):
                return state  # begin_nested(), no_autoflush
        values = self._model.values(context, self._frame)
        if self._is_among(values) or any(
            isinstance(v, Entering) and v.closes and self._is_among(v.values) for v in values
        ):
            return Progress.FREE
        return state

    def chosen(self, test: ast.expr, branches: list[Outcome[Progress]]) -> list[Outcome[Progress]]:
        """`if session is not None:` is taken; `if __name__ == "__main__":` is not where the file is imported."""
        match test:
            case ast.Compare(left=ast.Name(id="__name__")) if self._place is None:
                return branches[1:]
            case ast.Compare(left=left, ops=[ast.IsNot()]) if self._is_it(left):
                return branches[:1]
            case ast.Compare(left=left, ops=[ast.Is()]) if self._is_it(left):
                return branches[1:]
            case ast.Name() | ast.Attribute() if self._is_it(test):
                return branches[:1]
        match self._frame.block.parents.get(test):
            case ast.If(body=body, orelse=orelse):
                parts = zip((body, orelse), branches, strict=True)
                return [branch for part, branch in parts if not self._ends_process(part)]
        return branches

    def _ends_process(self, statements: list[ast.stmt]) -> bool:
        """A child that ends there leaves nothing behind for its parent."""
        return ends_process(self._model, statements, self._frame.block)

    def _is_it(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Await | ast.NamedExpr):
            return self._is_it(node.value)
        if isinstance(node, ast.Call):
            if not isinstance(node.func, ast.Name | ast.Attribute):
                return False
        elif not isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
            return False
        return self._is_among(self._model.values(node, self._frame))

    def _is_among(self, values: frozenset[Value]) -> bool:
        return any(isinstance(v, Made | Instance) and v.site == self._resource.site for v in values)
