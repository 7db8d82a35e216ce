"""Sessions that are kept where they outlive the work for which they were opened."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from . import attributes, calls, invocation
from .bindings import Assigned
from .closing import OPENERS
from .holding import CLOSES
from .inference import Model
from .knowledge import CACHES, TYPES, Kind
from .origins import expression_behind
from .scopes import Block
from .sessions import Opened, is_handed_out, opened_by
from .sought import Sought
from .spelling import arguments, last_name, opener_name
from .values import Cls, Frame, Func, Instance, Library, Made

_ADDS = frozenset({"append", "add", "appendleft", "insert", "setdefault"})
_CONTAINERS = frozenset({"dict", "list", "set", "defaultdict", "OrderedDict", "deque"})
_CLASSES = frozenset({"Session", "AsyncSession"})
_PLAIN_BASES = frozenset({"abc.ABC", "builtins.object", "typing.Generic", "typing.Protocol"})
_KEEPING = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda),
    *(ast.Assign, ast.AnnAssign, ast.Call),
)
_IN_CHILDREN = frozenset({"post_fork", "post_worker_init", "worker_process_init"})


@dataclass(frozen=True, slots=True)
class Outliving:
    """A session, and the place that keeps it, in words."""

    opened: Opened
    keeper: str


def outliving(model: Model, block: Block) -> Iterator[Outliving]:
    """The sessions that a block opens and that defaults, caches, classes, apps, containers or globals keep."""
    frame = model.frame(block)
    if block.function is not None and _is_initializer(model, block):
        return
    for value, keeper in _kept(model, frame):
        for opened in _opened_for(model, frame, value):
            if not _is_closed_here(opened):
                yield Outliving(opened, keeper)


def _opened_for(model: Model, frame: Frame, value: ast.expr) -> Iterator[Opened]:
    """The sessions opened by the block that an expression of it is, holds, or was made with."""
    for call in _calls_behind(frame.block, value):
        for opened in _opened(model, call, frame) if _may_open(model, call, frame) else ():
            its = Sought(model, frame, opened.session, call)
            if its.has_it(value) or its.is_held_by(value):
                yield opened


def _opened(model: Model, call: ast.Call, frame: Frame) -> Iterator[Opened]:
    """The session that a call opens, or gets out of a registry."""
    yield from opened_by(model, call, frame)
    for value in model.values(call, frame):
        if isinstance(value, Made) and is_handed_out(model, value):
            yield Opened(call, value, frame)


def _may_open(model: Model, call: ast.Call, frame: Frame) -> bool:
    """Can the call open a session, as far as its name tells, or what is called? Cheaper than to follow it."""
    name = opener_name(call) or ""
    if OPENERS.search(name):
        return True
    return any(
        attributes.kind_of(model, callee) in (Kind.MAKER, Kind.REGISTRY)
        or (isinstance(callee, Library) and callee.name in TYPES)
        or (
            isinstance(callee, Func)
            and any(w in _CLASSES or OPENERS.search(w) for w in callee.block.words)
        )
        for callee in model.values(call.func, frame)
    )


def _calls_behind(block: Block, value: ast.expr) -> Iterator[ast.Call]:
    """The calls in an expression, and in what its names are assigned from."""
    waiting: list[ast.AST] = [value]
    names: set[str] = set()
    while waiting:
        for node in ast.walk(waiting.pop()):
            if node not in block.parents:
                continue
            if isinstance(node, ast.Call) and opener_name(node) is not None:
                yield node
            elif isinstance(node, ast.Name) and node.id not in names:
                names.add(node.id)
                for binding in block.bindings.get(node.id, ()):
                    assigned = getattr(binding.node, "value", None)
                    if isinstance(assigned, ast.expr) and binding.block is block:
                        waiting.append(assigned)


# the places that keep


def _kept(model: Model, frame: Frame) -> Iterator[tuple[ast.expr, str]]:
    """The expressions of a block that something keeps, each with what that is."""
    block = frame.block
    for node in block.nodes_of(*_KEEPING):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                name = block.inner[node].name
                for default in (*node.args.defaults, *node.args.kw_defaults):
                    if isinstance(default, ast.Call):  # a name's session is LSA301's
                        yield default, f"a default argument of {name}()"
            case ast.Assign(value=value) | ast.AnnAssign(value=value) if _is_plain(value):
                continue
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    keeper = _keeper(model, frame, target)
                    if keeper is not None:
                        yield value, keeper
                if block.parent is None and isinstance(targets[0], ast.Name):
                    if isinstance(value, ast.Dict | ast.List | ast.Set | ast.Tuple):
                        yield value, targets[0].id
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                keeper = _keeper(model, frame, target)
                if keeper is not None:
                    yield value, keeper
            case ast.Call(func=ast.Attribute(attr=name, value=container)) if name in _ADDS:
                given = [a for a in arguments(node) if isinstance(a, ast.Name | ast.Call)]
                if given and _is_shared_container(model, frame, container):
                    yield from ((a, ast.unparse(container)) for a in given)
    if block.function is block and _is_cached(model, block):
        for returned in block.returns:
            yield returned, f"the cache of {block.qualname}()"


def _is_plain(value: ast.expr | None) -> bool:
    """Is it certainly no session: a constant, an operation, a text?"""
    return value is None or isinstance(
        value, ast.Constant | ast.JoinedStr | ast.BinOp | ast.Compare | ast.UnaryOp | ast.Lambda
    )


def _keeper(model: Model, frame: Frame, target: ast.expr) -> str | None:
    """The target of an assignment in words, if it outlives the function: no local, no attribute of an instance."""
    match target:
        case ast.Name(id=name):
            return name if frame.block.outer_names.get(name) == "global" else None
        case ast.Attribute(value=ast.Attribute(attr="state" | "ctx") as state):
            return ast.unparse(target) if _is_state_of_app(model, frame, state) else None
        case ast.Attribute(
            value=ast.Name() | ast.Call() | ast.Attribute(attr="__class__") as owner
        ):
            first = owner.id if isinstance(owner, ast.Name) else "cls"
            if frame.block.is_function and first != "cls" and first in frame.block.bindings:
                return None  # a local, an instance
            values = model.values(owner, frame)
            return ast.unparse(target) if any(isinstance(v, Cls) for v in values) else None
        case ast.Subscript(value=container):
            if _is_shared_container(model, frame, container):
                return ast.unparse(container)
    return None


def _is_state_of_app(model: Model, frame: Frame, state: ast.Attribute) -> bool:
    """`app.state`, and not the state of a request."""
    return any(
        attributes.kind_of(model, owner) is Kind.APP for owner in model.values(state.value, frame)
    )


def _is_shared_container(model: Model, frame: Frame, container: ast.expr) -> bool:
    """A dictionary, list or set that a class or a global name of this module, or of an imported one, holds."""
    if isinstance(container, ast.Attribute):
        for value in model.values(container.value, frame):
            cls = value.cls if isinstance(value, Instance) else value
            if isinstance(cls, Cls) and _is_container_of_class(model, cls, container.attr):
                return True
    behind = expression_behind(model, container, frame)
    if behind is not None and behind[1].block.parent is None and _is_container(behind[0]):
        return True
    if not isinstance(container, ast.Name):
        return False
    block: Block | None = frame.block
    while block is not None and block.parent is not None:
        if container.id in block.bindings and not block.is_class:
            return False
        block = block.parent
    return block is not None and any(
        isinstance(binding.origin, Assigned) and _is_container(binding.origin.value)
        for binding in block.bindings.get(container.id, ())
    )


def _is_container_of_class(model: Model, cls: Cls, name: str) -> bool:
    """Is it made in the class body, once for all, and neither by a constructor nor anew by a library's base class?"""
    bases = attributes.mro(model, cls)
    if any(isinstance(base, Library) and base.name not in _PLAIN_BASES for base in bases):
        return False
    for base in bases:
        if isinstance(base, Cls):
            if name in attributes.self_stores(base.block):
                return False
            for binding in base.block.bindings.get(name, ()):
                return isinstance(binding.origin, Assigned) and _is_container(binding.origin.value)
    return False


def _is_container(value: ast.expr | None) -> bool:
    """By its spelling: a display, or a call of what makes one."""
    if isinstance(value, ast.Call):
        return last_name(value.func) in _CONTAINERS
    return isinstance(value, ast.Dict | ast.List | ast.Set | ast.DictComp | ast.ListComp)


def _is_cached(model: Model, block: Block) -> bool:
    if block.parent is None or isinstance(block.node, ast.Lambda) or block.yields:
        return False
    if not getattr(block.node, "decorator_list", ()):
        return False
    names = invocation.decorators(model, Func(block, model.frame(block.parent)))
    return not names.isdisjoint(CACHES - {"functools.cached_property"})


# what is not kept, or kept on purpose


def _is_closed_here(opened: Opened) -> bool:
    """Does the very function that keeps the session close it, before it returns?"""
    block = opened.frame.block
    return (
        block.function is not None
        and not block.yields
        and any(
            isinstance(node, ast.Attribute) and node.attr in CLOSES and _names(node.value)
            for node in block.nodes
        )
    )


def _names(owner: ast.expr) -> bool:
    return isinstance(owner, ast.Name | ast.Attribute)


def _is_initializer(model: Model, block: Block) -> bool:
    """Does the function prepare a worker process, which has one task at a time?"""
    if block.name in _IN_CHILDREN or not block.is_function:
        return block.name in _IN_CHILDREN
    for decorator in getattr(block.node, "decorator_list", ()):
        if any(last_name(n) in _IN_CHILDREN for n in ast.walk(decorator)):
            return True
    if not block.module.may_say("initializer", "Pool("):
        return False
    return any(
        isinstance(given, ast.Name)
        and given.id == block.name
        and _makes_processes(model, call, user)
        for call, user in block.module.calls()
        for given in arguments(call)
    )


def _makes_processes(model: Model, call: ast.Call, user: Block) -> bool:
    made = model.values(call, model.frame(user))
    if any(attributes.kind_of(model, v) is Kind.PROCESS_POOL for v in made):
        return True
    names = calls.names_of(model, model.values(call.func, model.frame(user)))
    return any("Pool" in name for name in names)
