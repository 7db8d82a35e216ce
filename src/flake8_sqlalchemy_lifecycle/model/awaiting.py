"""Calls whose result wants to be awaited or entered, and whether the code around them does that."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from . import attributes, invocation
from .inference import known
from .knowledge import COROUTINES, PLAIN, STARTABLES, TYPES, Kind
from .scopes import Block, Module
from .values import NOTHING, Bound, Frame, Instance, Made, Manager, Value, in_order

if TYPE_CHECKING:
    from .inference import Model

_NAMES = frozenset().union(*COROUTINES.values(), *STARTABLES.values())
STARTING = frozenset().union(*STARTABLES.values()) - frozenset().union(*COROUTINES.values())
"""Methods whose result can be awaited, and entered as well."""
_PLAIN_NAMES = frozenset().union(*PLAIN.values())
_UNAWAITED = re.compile(
    rf"^[ \t]*with\b|\)[ \t]*[.\[]|\.(?:{'|'.join(sorted(_NAMES))})\s*\(", re.MULTILINE
)
"""What may belong to a call that nobody awaits, or to a plain `with`."""
_AWAITED_CALL = re.compile(r"\bawait [\w.]+\s*\(")
_AWAITED = re.compile(
    r"\bawait\s+(?:\w+\b(?!\s*[.(\[])|\(|"
    rf"[^\n]*\.(?:{'|'.join(sorted(_PLAIN_NAMES))})\s*\()"
)
"""The beginnings of an `await` of a bare name, of something in parentheses, or of a plain method."""
_OF_COROUTINES = frozenset({"close", "send", "throw"})
_CONSUMERS = frozenset(
    "all any bool dict enumerate float frozenset int iter len list max min next set sorted str sum "
    "tuple zip".split()
)
"""Builtins that use the value of what they are given."""
_ENTERED = (Kind.SESSION, Kind.CONNECTION, Kind.TRANSACTION)


_ASYNCIO = frozenset(
    "AsyncConnection AsyncEngine AsyncSession async_engine_from_config async_scoped_session "
    "async_sessionmaker create_async_engine".split()
)
"""One of these words stands wherever an asyncio object of SQLAlchemy comes from."""


_DISPLAYS = (ast.List, ast.Tuple, ast.Set, ast.Dict)


class Fate(Enum):
    """What becomes of an awaitable that is not awaited where it is made."""

    DROPPED = auto()
    USED = auto()  # as if it were the result


@dataclass(frozen=True, slots=True)
class Lost:
    """An awaitable that nobody awaits: the expression that makes it, and the object that it belongs to."""

    node: ast.expr
    owner: Made | Instance
    fate: Fate


def suspects(module: Module) -> Iterator[Block]:
    """The blocks of a file in which a call may be lost, by the look of its lines alone."""
    text = module.source.text

    def is_awaited(match: re.Match[str]) -> bool:
        start, end = text.rfind("\n", 0, match.start()) + 1, text.find("\n", match.start())
        return _AWAITED_CALL.search(text, start, len(text) if end < 0 else end) is not None

    return _blocks_with(
        module, (m for m in _UNAWAITED.finditer(text) if m[0][0] != "." or not is_awaited(m))
    )


def awaiting_plain(module: Module) -> Iterator[Block]:
    """The blocks of a file that may await what is no coroutine, by the look of its lines alone."""
    return _blocks_with(module, _AWAITED.finditer(module.source.text))


def _blocks_with(module: Module, matches: Iterable[re.Match[str]]) -> Iterator[Block]:
    if not reaches_asyncio(module):
        return
    text = module.source.text
    lines: list[int] = []
    line, end = 1, 0
    for match in matches:
        line += text.count("\n", end, match.start())
        end = match.start()
        if not lines or lines[-1] != line:
            lines.append(line)
    if lines:
        yield from _around(module.block, lines)


def reaches_asyncio(module: Module) -> bool:
    """Can the file get hold of an asyncio object of SQLAlchemy at all?"""
    return module.project.closure_says(module.path, *_ASYNCIO)


def _around(block: Block, lines: list[int]) -> Iterator[Block]:
    yield block
    for node, inner in block.inner.items():
        first, last = node.lineno, node.end_lineno or node.lineno  # type: ignore[attr-defined]
        within = [line for line in lines if first <= line <= last]
        if within:
            yield from _around(inner, within)


def lost_calls(model: Model, frame: Frame) -> Iterator[Lost]:
    """The calls of asyncio methods in a block that are dropped, or used as if they had been awaited."""
    block = frame.block
    for call in block.calls:
        if not isinstance(call.func, ast.Attribute) or call.func.attr not in _NAMES:
            continue
        fate = fate_of(block, call) or _fate_of_name(block, call)
        if fate is None:
            continue
        owner = _owner(model, call, frame, COROUTINES)
        if owner is None and (fate is Fate.DROPPED or _is_iterated(block, call)):
            owner = _owner(model, call, frame, STARTABLES)
        if owner is not None:
            yield Lost(call, owner, fate)


def method_called(call: ast.Call) -> str:
    """The method as it is written; of a chain of calls only the end."""
    assert isinstance(call.func, ast.Attribute)
    text = ast.unparse(call.func)
    return text if len(text) < 60 else f"….{call.func.attr}"


def plainly_entered(model: Model, frame: Frame) -> Iterator[tuple[ast.With, ast.expr, Value]]:
    """The plain `with` statements over something that can only be entered by `async with`."""
    for node in frame.block.nodes_of(ast.With):
        for item in node.items:
            context = item.context_expr
            if not isinstance(context, ast.Call | ast.Name | ast.Attribute):
                continue
            values = known(model.values(context, frame))
            wanting = [_wanting_async_with(model, value) for value in in_order(values)]
            if wanting and wanting[0] is not None and None not in wanting:
                yield node, context, wanting[0]


def awaited_plain(model: Model, frame: Frame) -> Iterator[tuple[ast.Await, str]]:
    """The `await`s of what cannot be awaited, each with the type that the method or result belongs to."""
    for node in frame.block.nodes_of(ast.Await):
        match node:
            case ast.Await(value=ast.Call(func=ast.Attribute(attr=name)) as call):
                if name in _PLAIN_NAMES:
                    owner = _owner(model, call, frame, PLAIN)
                    if owner is not None:
                        yield node, attributes.type_name(model, owner) or ""
            case ast.Await(value=ast.Name() | ast.Await() as value):
                types = {v.type if isinstance(v, Made) else "" for v in model.values(value, frame)}
                if len(types) == 1 and types <= _SYNC_RESULTS:
                    yield node, types.pop()


_SYNC_RESULTS = frozenset(
    name for name in PLAIN if not TYPES[name].is_async and TYPES[name].kind is None
)


def fate_of(block: Block, node: ast.expr) -> Fate | None:
    """What the expression around an awaitable does with it; None where somebody may still await it."""
    parent = block.parents.get(node)
    match parent:
        case ast.Expr():
            return Fate.DROPPED
        case ast.Attribute(attr=name):
            if name in _OF_COROUTINES or name.startswith(("__", "cr_")):
                return None
            return Fate.USED
        case ast.Subscript(value=value) if value is node:
            return Fate.USED
        case ast.For() | ast.AsyncFor() | ast.comprehension() if parent.iter is node:
            return Fate.USED
        case ast.If() | ast.While() | ast.Assert() if parent.test is node:
            return Fate.USED
        case ast.Compare() | ast.UnaryOp() | ast.BinOp() | ast.FormattedValue():
            return Fate.USED
        case ast.Assign(targets=[ast.Tuple() | ast.List()]):
            return Fate.USED
        case ast.Starred() | ast.withitem():
            return Fate.USED
        case ast.BoolOp():
            return Fate.USED if node is not parent.values[-1] else fate_of(block, parent)
        case ast.IfExp():
            return Fate.USED if node is parent.test else fate_of(block, parent)
        case ast.Call(func=ast.Name(id=name)) if name in _CONSUMERS and node in parent.args:
            return Fate.USED
        case ast.NamedExpr(target=ast.Name(id=name)) if not _may_be_awaited(block, name):
            return fate_of(block, parent)
    return None


def _may_be_awaited(block: Block, name: str) -> bool:
    """Is a local awaited, stored, or given to a call that may await it?"""
    if not block.is_function or name in block.outer_names:
        return True
    if any(name in inner.words for inner in block.inner.values()):
        return True
    return any(
        use.id == name
        and isinstance(use.ctx, ast.Load)
        and isinstance(
            block.parents.get(use),
            (ast.Await, ast.Call, ast.Assign, ast.keyword, ast.Starred, *_DISPLAYS),
        )
        for use in block.nodes_of(ast.Name)
    )


def _fate_of_name(block: Block, call: ast.Call) -> Fate | None:
    """What becomes of a call that is assigned to a local name, when none of the name's uses can await it."""
    match block.parents.get(call):
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            pass
        case _:
            return None
    if not block.is_function or name in block.outer_names or len(block.bindings[name]) > 1:
        return None
    if any(name in inner.words for inner in block.inner.values()):
        return None
    uses = [
        node
        for node in block.nodes_of(ast.Name)
        if node.id == name and isinstance(node.ctx, ast.Load)
    ]
    fates = {fate_of(block, use) for use in uses}
    if None in fates:
        return None
    return Fate.USED if Fate.USED in fates else Fate.DROPPED


def _is_iterated(block: Block, call: ast.Call) -> bool:
    parent = block.parents.get(call)
    return isinstance(parent, ast.For | ast.AsyncFor | ast.comprehension)


def _owner(
    model: Model, call: ast.Call, frame: Frame, table: dict[str, frozenset[str]]
) -> Made | Instance | None:
    """The object whose method is called, if the table has that method for each that it can be."""
    found: Made | Instance | None = None
    for value in in_order(known(model.values(call.func, frame))):
        if not isinstance(value, Bound) or not isinstance(value.receiver, Made | Instance):
            return None
        owner = attributes.type_name(model, value.receiver)
        if owner is None or value.name not in table.get(owner, ()):
            return None
        found = value.receiver
    return found


def _wanting_async_with(model: Model, value: Value) -> Value | None:
    """What asyncio alone can enter: the value, or what a context manager of the project lends."""
    if isinstance(value, Manager):
        lent = in_order(invocation.entered(model, value) if value.frame.block.is_async else NOTHING)
        return next((v for v in lent if _wanting_async_with(model, v) is not None), None)
    if not isinstance(value, Made | Instance) or not attributes.is_async(model, value):
        return None
    if attributes.kind_of(model, value) not in _ENTERED:
        return None
    if isinstance(value, Instance):
        entering = attributes.of_instance(model, value, value.cls, "__enter__")
        return value if all(isinstance(v, Bound) for v in entering) else None
    return value
