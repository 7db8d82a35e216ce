"""The reads of instances that a commit has expired, followed through a function and the helpers that it calls."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from . import calls, invocation, paths
from .expiry import expires, names_that_expire
from .instance_states import (
    CLOSED,
    OTHERS,
    RESULT,
    State,
    Status,
    closed,
    expires_any,
    get,
    put,
    without,
    worst,
)
from .knowledge import DECORATORS, Role
from .loading import is_refreshing, loaded_class, loaded_classes
from .mapping import is_mapped_attribute, mapped_class, reads_mapped, validated_by
from .scopes import Block, Module
from .sought import Sought, held, is_session, parts
from .spelling import arguments, spelled
from .truth import truth
from .values import Cls, Elements, Frame, Items, Manager, Site, Value
from .ways import Outcome, Walk, Watch, Way

if TYPE_CHECKING:
    from .inference import Model

_DEEPEST = 4
_MOST_FOLLOWED = 200  # helpers that get a session from one function, each in each state
_CLOSES = frozenset({"close", "aclose", "reset", "invalidate", "remove"})
_LOADS = frozenset({"execute", "exec", "scalar", "scalars", "get", "get_one", "merge", "stream"})
_WRITES = frozenset({"commit", "flush", "execute"})


@dataclass(frozen=True, slots=True)
class Read:
    """An expression that reads expired attributes of an instance: `attribute` is None where it is returned."""

    node: ast.expr | ast.Return
    block: Block
    name: str
    attribute: str | None
    cls: Cls
    is_closed: bool
    by: Site
    within: tuple[Block, ...] = ()
    """The functions of other files in which it is, from the innermost; then `node` is the call that leads to them."""


def reads_of_expired(model: Model, block: Block) -> Iterator[Read]:
    """The reads of expired instances in an async function, and by what it calls, each way's first one."""
    if names_that_expire(model).isdisjoint(block.words):
        return
    frame = model.frame(block)
    found: dict[ast.AST, Read] = {}
    for session in _sessions(model, frame):
        watch = _Watch(model, frame, session)
        Walk(block, watch).out(frozenset())
        for read in watch.found:
            if read.node not in found and not _is_told_elsewhere(model, read):
                found[read.node] = read
    yield from found.values()


def _is_told_elsewhere(model: Model, read: Read) -> bool:
    """Does another file on the way show the read by itself?"""
    modules = {block.module for block in read.within} - {model.linted}
    return any(read.within[0].node in _readers_in(model, module) for module in modules)


def _readers_in(model: Model, module: Module) -> frozenset[ast.AST]:
    """The functions whose reads of expired instances another file is told for; remembered for the project."""
    from .inference import Model as Asked

    answers = model.project.expired
    if module.path not in answers:
        answers[module.path] = frozenset()  # for files that import each other
        asked = Asked(module)
        answers[module.path] = frozenset(
            (read.within[0] if read.within else read.block).node
            for block in module.functions()
            if block.is_async
            for read in reads_of_expired(asked, block)
        )
    return answers[module.path]


def _sessions(model: Model, frame: Frame) -> list[Value]:
    """The sessions that expire, of all that a function's calls are made on or given."""
    found: dict[Value, None] = {}
    asked: set[str] = set()
    for call in frame.block.calls:
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        nodes = [n for n in (owner, *arguments(call)) if isinstance(n, ast.Name | ast.Attribute)]
        if isinstance(owner, ast.Call):
            nodes += [a for a in arguments(owner) if isinstance(a, ast.Name | ast.Attribute)]
        for node in nodes:
            name = _one_thing(frame.block, node)
            if name in asked:
                continue
            asked.add(name)
            for value in model.values(node, frame):
                for session in (value, *held(model, value)):
                    if is_session(model, session) and expires(model, session):
                        found[session] = None
    return list(found)


def _one_thing(block: Block, node: ast.expr) -> str:
    """The expression in words, if they mean the same wherever they stand in a block; else words of its own."""
    words = []
    part = node
    while isinstance(part, ast.Attribute):
        words.append(part.attr)
        part = part.value
    if isinstance(part, ast.Name) and len(block.bindings.get(part.id, ())) < 2:
        return ".".join((part.id, *reversed(words)))
    return f"{node.lineno}:{node.col_offset}"


def is_handler(model: Model, block: Block) -> bool:
    """Does a framework read what the function returns?"""
    if block.parent is None or isinstance(block.node, ast.Lambda):
        return False
    names = invocation.decorators(model, paths.as_function(model, block))
    return any(DECORATORS.get(name) is Role.REQUEST for name in names)


@dataclass
class _Watch(Watch[State]):
    """Follows the instances of one session through an activation, by the names of its variables."""

    model: Model
    frame: Frame
    session: Value
    found: list[Read] = field(default_factory=list)
    classes: dict[str, Cls] = field(default_factory=dict)
    by: Site | None = None
    known: dict[tuple[Frame, State], tuple[_Watch, list[State]]] = field(default_factory=dict)
    """The helpers that were followed, by what they were given."""

    def __post_init__(self) -> None:
        self._its = Sought(self.model, self.frame, self.session)
        self._block = self.frame.block
        self._lists: set[str] = set()
        self._iterated = {loop.iter for loop in self._block.nodes_of(ast.For)}
        self._is_handler = self.frame.caller is None and is_handler(self.model, self._block)

    # what an expression does

    def after(self, node: ast.AST, state: State) -> State:
        """The state after the node was evaluated."""
        state = self._evaluated(node, state)
        if node in self._iterated and not isinstance(node, ast.Name):
            return self._loaded(_key(node), node, state)
        return state

    def _evaluated(self, node: ast.AST, state: State) -> State:
        match node:
            case ast.Await(value=ast.Call() as call):
                return self._awaited(call, state)
            case ast.Call(func=ast.Attribute(attr=name, value=owner)) if self._its.is_it(owner):
                return self._called(name, node, state)
            case ast.Call():
                return self._helped(node, without(self._validated(node, state), RESULT))
            case ast.Attribute(value=ast.Name(id=name), attr=attribute):
                if isinstance(node.ctx, ast.Load):
                    return self._read(node, name, attribute, state)
                expired = get(state, name) is Status.EXPIRED
                return put(state, name, Status.LIVE) if expired else state
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                return self._assigned(name, value, state)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                return self._assigned(name, value, state)
            case ast.NamedExpr(target=ast.Name(id=name), value=value):
                return self._assigned(name, value, state)
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                match self._block.parents.get(node):
                    case ast.NamedExpr():
                        return state
                    case ast.For(iter=source, target=target) if target is node:
                        return self._next(name, source, state)
                return without(state, name)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return self._comprehended(node, state)
            case ast.Return(value=ast.expr() as value):
                return self._returned(node, value, state)
        return state

    def _called(self, name: str, call: ast.Call, state: State) -> State:
        """A plain method of the session."""
        names = [n for a in arguments(call) for n in _names_in(a)]
        if name in ("add", "add_all"):
            for given in names:
                if get(state, given) is None and (self._track(given) or self._track_list(given)):
                    state = put(state, given, Status.NEW)
        elif name == "expunge":
            state = without(state, *names)
        elif name == "expunge_all":
            state = frozenset()
        return state

    def _track(self, name: str) -> bool:
        """Is the variable a mapped instance?"""
        values = self.model.lookup(name, self.frame, None)
        classes = {mapped_class(self.model, value) for value in values}
        cls = next(iter(classes)) if len(classes) == 1 else None
        if cls is not None:
            self.classes[name] = cls
        return cls is not None

    def _track_list(self, name: str) -> bool:
        """Is the variable a list of mapped instances, all of one class?"""
        values = self.model.lookup(name, self.frame, None)
        if not values or not all(isinstance(value, Items | Elements) for value in values):
            return False
        classes = {mapped_class(self.model, v) for value in values for v in parts(value)}
        cls = next(iter(classes)) if len(classes) == 1 else None
        if cls is not None:
            self.classes[name] = cls
            self._lists.add(name)
        return cls is not None

    def _awaited(self, call: ast.Call, state: State) -> State:
        match call.func:
            case ast.Attribute(attr=name, value=owner) if self._its.is_it(owner):
                return self._session_did(name, call, state)
        return state if self._is_followed(call) else self._unknown(call, state)

    def _session_did(self, name: str, call: ast.Call, state: State) -> State:
        if name == "commit":
            return self._committed(call, state)
        if name == "rollback":
            kept = frozenset((n, s) for n, s in state if s is not Status.NEW)
            return self._committed(call, kept)
        if name == "flush":
            return frozenset((n, max(s, Status.LIVE)) for n, s in state)
        if name == "refresh":
            for given in (n for a in arguments(call) for n in _names_in(a)):
                if get(state, given) is not None:
                    state = put(state, given, Status.LIVE)
            return state
        if name == "delete":
            return without(state, *(n for a in arguments(call) for n in _names_in(a)))
        if name in _CLOSES:
            return closed(state)
        if name in _LOADS:
            for other, status in state:
                cls = self.classes.get(other)
                if status is Status.EXPIRED and is_refreshing(call, cls, self._block):
                    state = without(state, other)
            return state
        return frozenset() if name == "run_sync" else state

    def _committed(self, by: ast.AST, state: State) -> State:
        self.by = Site.of(by, self._block)
        return frozenset((n, s if n in (CLOSED, RESULT) else Status.EXPIRED) for n, s in state)

    def _unknown(self, call: ast.Call, state: State) -> State:
        """Code that cannot be followed may refresh what it is given."""
        if self._its.is_given_to(call) or self._is_owner_holding(call):
            return frozenset()
        return without(state, *spelled(call))

    def _is_owner_holding(self, call: ast.Call) -> bool:
        return isinstance(call.func, ast.Attribute) and self._its.is_held_by(call.func.value)

    # helpers

    def _is_followed(self, call: ast.Call) -> bool:
        return bool(self._activations(call))

    def _activations(self, call: ast.Call) -> list[Frame]:
        if self.frame.depth >= _DEEPEST:
            return []
        return [
            activation
            for callee in self.model.values(call.func, self.frame)
            for activation in calls.activations(self.model, callee, call, self.frame)
            if activation.block is not self._block and not activation.block.yields
            if not activation.block.is_async or self._is_awaited(call)
        ]

    def _is_awaited(self, call: ast.Call) -> bool:
        """Does the statement wait for the coroutine, itself or by `gather()`? A task runs at some later time."""
        for around in self._block.ancestors(call):
            if isinstance(around, ast.Await | ast.Return):
                return True
            if isinstance(around, ast.stmt):
                break
        return False

    def _helped(self, call: ast.Call, state: State) -> State:
        """A call of a project function that is given the session, or whose object holds it."""
        if not self._its.is_given_to(call) and not self._is_owner_holding(call):
            return state
        results = [
            self._followed(call, activation, state) for activation in self._activations(call)
        ]
        return worst(results) if results else state

    def _followed(self, call: ast.Call, activation: Frame, state: State) -> State:
        passed = _passed(call, activation)
        start: State = frozenset({(OTHERS, Status.LIVE)})
        classes: dict[str, Cls] = {}
        for parameter, name in passed.items():
            status = get(state, name)
            if status is not None:
                start = put(start, parameter, status)
                classes[parameter] = self.classes[name]
        if (activation, start) not in self.known:
            if len(self.known) >= _MOST_FOLLOWED:
                return self._unknown(call, state)
            inner = _Watch(self.model, activation, self.session, classes=classes, known=self.known)
            self.known[activation, start] = inner, []  # for a function that calls itself
            out = Walk(activation.block, inner).out(start)
            ends = out.get(Way.NEXT, frozenset()) | out.get(Way.RETURN, frozenset())
            self.known[activation, start] = inner, list(ends)
        inner, left = self.known[activation, start]
        self._take_over(call, inner)
        if not left:
            return state
        end = worst(left)
        self.by = inner.by or self.by
        for name, _ in state:
            if name not in passed.values() and get(end, OTHERS) is Status.EXPIRED:
                state = put(state, name, Status.EXPIRED)
        for parameter, name in passed.items():
            status = get(end, parameter)
            if status is None:
                state = without(state, name)
            elif get(state, name) is not None or self._track(name):
                state = put(state, name, status)
        result = get(end, RESULT)
        if result is not None and RESULT in inner.classes:
            self.classes[RESULT] = inner.classes[RESULT]
            return put(state, RESULT, result)
        return without(state, RESULT)

    def _take_over(self, call: ast.Call, inner: _Watch) -> None:
        """What a helper of another file reads, the call of it here is told for."""
        here = self.model.linted
        for read in inner.found:
            if read.block.module is here:
                self.found.append(read)
                continue
            within = read.within or (read.block,)
            if self._block.module is here:
                told = replace(read, node=call, block=self._block, within=within)
                self.found.append(told)
            else:
                self.found.append(replace(read, within=(*within, self._block)))

    # variables

    def _assigned(self, name: str, value: ast.expr, state: State) -> State:
        state = without(state, name)
        inner = value.value if isinstance(value, ast.Await) else value
        if isinstance(value, ast.Name) and (status := get(state, value.id)) is not None:
            self.classes[name] = self.classes[value.id]
            return put(without(state, value.id), name, status)
        if isinstance(inner, ast.Call) and (status := get(state, RESULT)) is not None:
            self.classes[name] = self.classes[RESULT]
            return without(put(state, name, status), RESULT)
        cls = loaded_class(self.model, value, self.frame, self._its.is_it)
        if cls is None:
            return self._loaded(name, value, state)
        self.classes[name] = cls
        return put(state, name, Status.LIVE)

    # lists of instances

    def _loaded(self, name: str, value: ast.expr, state: State) -> State:
        cls = loaded_classes(self.model, value, self.frame, self._its.is_it)
        if cls is None:
            return state
        self.classes[name] = cls
        self._lists.add(name)
        return put(state, name, Status.LIVE)

    def _next(self, name: str, source: ast.expr, state: State) -> State:
        """The next one of a list: as much alive as the list is, which a commit in the round before expired."""
        origin = source.id if isinstance(source, ast.Name) else _key(source)
        status = get(state, origin)
        if status is None or origin not in self._lists:
            return without(state, name)
        self.classes[name] = self.classes[origin]
        return put(state, name, status)

    def _comprehended(self, node: ast.expr, state: State) -> State:
        """`[user.name for user in users]`"""
        for generator in node.generators:  # type: ignore[attr-defined]
            match generator:
                case ast.comprehension(target=ast.Name(id=name), iter=ast.Name(id=origin)):
                    if origin in self._lists and get(state, origin) is Status.EXPIRED:
                        cls = self.classes[origin]
                        for part in ast.walk(node):
                            attribute = None
                            match part:
                                case ast.Attribute(value=ast.Name(id=owner), attr=read):
                                    if owner == name and is_mapped_attribute(self.model, cls, read):
                                        attribute = read
                                case ast.Call(args=[ast.Name(id=owner), *_]) if owner == name:
                                    attribute = validated_by(self.model, part, self.frame, cls)
                            if attribute is not None and isinstance(part, ast.expr):
                                self._record(part, origin, attribute, state)
                                return without(state, origin)
        return state

    def _read(self, node: ast.Attribute, name: str, attribute: str, state: State) -> State:
        if get(state, name) is not Status.EXPIRED:
            return state
        cls = self.classes[name]
        if name in self._lists:
            return state  # the list's own attribute
        if attribute == "awaitable_attrs":
            return without(state, name)
        if not is_mapped_attribute(self.model, cls, attribute):
            is_called = getattr(self._block.parents.get(node), "func", None) is node
            if not reads_mapped(self.model, cls, attribute, is_called=is_called):
                return state
        self._record(node, name, attribute, state)
        return frozenset((n, s) for n, s in state if s is not Status.EXPIRED)

    def _validated(self, call: ast.Call, state: State) -> State:
        """`Out.model_validate(instance)` reads what the model has fields for."""
        match call.args:
            case [ast.Name(id=name), *_] if get(state, name) is Status.EXPIRED:
                if name not in self._lists:
                    read = validated_by(self.model, call, self.frame, self.classes[name])
                    if read is not None:
                        self._record(call, name, read, state)
                        return frozenset((n, s) for n, s in state if s is not Status.EXPIRED)
        return state

    def _record(
        self, node: ast.expr | ast.Return, name: str, attribute: str | None, state: State
    ) -> None:
        closed = get(state, CLOSED) is not None
        if self.by is not None:
            cls = self.classes[name]
            self.found.append(Read(node, self._block, name, attribute, cls, closed, self.by))

    def _returned(self, node: ast.Return, value: ast.expr, state: State) -> State:
        names = _names_in(value)
        if isinstance(value, ast.Await) and get(state, RESULT) is not None:
            names = [RESULT]
        if self._is_handler:
            for name in names:
                if get(state, name) is Status.EXPIRED:
                    self._record(node, name, None, state)
                    break
        elif len(names) == 1 and (status := get(state, names[0])) is not None:
            self.classes[RESULT] = self.classes[names[0]]
            return put(state, RESULT, status)
        elif cls := loaded_class(self.model, value, self.frame, self._its.is_it):
            self.classes[RESULT] = cls
            return put(state, RESULT, Status.LIVE)
        return state

    # what the statements ask

    def raises(self, node: ast.AST) -> tuple[Way, ...]:
        """A write may fail; what it did is not done then, so it is the call that raises and not its `await`."""
        match node:
            case ast.Call(func=ast.Attribute(attr=name, value=owner)) if name in _WRITES:
                return (Way.ERROR,) if self._its.is_it(owner) else ()
        return ()

    def left(self, context: ast.expr, state: State) -> State:
        """The end of `async with session.begin():` commits, that of `async with maker() as session:` closes."""
        begins = isinstance(context, ast.Call) and (
            isinstance(context.func, ast.Attribute) and context.func.attr == "begin"
        )
        if isinstance(context, ast.Call) and isinstance(context.func, ast.Attribute):
            if self._its.is_it(context.func.value):
                return self._committed(context, state) if begins else state
        for value in self.model.values(context, self.frame):
            if value == self.session:
                return closed(self._committed(context, state) if begins else state)
            if isinstance(value, Manager) and self.session in invocation.entered(self.model, value):
                commits = "commit" in value.frame.block.words or "begin" in value.frame.block.words
                return closed(self._committed(context, state) if commits else state)
        return state

    def chosen(self, test: ast.expr, branches: list[Outcome[State]]) -> list[Outcome[State]]:
        """In a helper, the branch that its arguments choose; where they do not tell, the one that expires nothing."""
        names = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
        if self.frame.caller is None or names.isdisjoint(self._block.parameters):
            return branches
        chosen = truth(self.model, test, self.frame)
        if chosen is not None:
            return branches[:1] if chosen else branches[1:]
        calm = [branch for branch in branches if not expires_any(branch)]
        return calm or branches


def _key(node: ast.AST) -> str:
    """What stands for the name of a list that has none."""
    return f"<{node.lineno}:{node.col_offset}>"  # type: ignore[attr-defined]


def _names_in(node: ast.expr) -> list[str]:
    """The variables that an expression is, or that a list, tuple or dictionary is made of."""
    match node:
        case ast.Name(id=name):
            return [name]
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Dict(values=parts):
            return [name for part in parts for name in _names_in(part)]
    return []


def _passed(call: ast.Call, activation: Frame) -> dict[str, str]:
    """The variables that a call passes, by the parameter that takes them."""
    positional = [n for n, p in activation.block.parameters.items() if p.index is not None]
    if activation.block.method_of is not None and len(call.args) < len(positional):
        positional = positional[1:]
    given = dict(zip(positional, call.args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    return {p: node.id for p, node in given.items() if isinstance(node, ast.Name)}
