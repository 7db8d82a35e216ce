"""Where a function's own code waits for the database: calls on synchronous sessions, connections, engines, queries."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import attributes
from .flow import in_part, is_within
from .inference import known
from .knowledge import IO_METHODS, VIEWS, Kind
from .knowledge.sqlalchemy import OF_QUERIES, QUERY
from .knowledge.terms import words
from .scopes import Block
from .spelling import last_name
from .truth import is_skipped
from .values import Frame, Made, Value, Values

if TYPE_CHECKING:
    from .inference import Model

_NO_WAIT = words(
    "aclose begin begin_nested close get_raw_connection invalidate query reset run_sync start "
    "stream stream_scalars"
)
"""Methods that only open, only close, or are asyncio's."""
_SESSION = IO_METHODS[Kind.SESSION] - _NO_WAIT
_METHODS: dict[Kind, frozenset[str]] = {
    Kind.SESSION: _SESSION,
    Kind.REGISTRY: _SESSION,
    Kind.CONNECTION: IO_METHODS[Kind.CONNECTION] - _NO_WAIT,
    Kind.ENGINE: words("begin connect execute raw_connection"),
}
_BEGIN_AND_COMMIT = (Kind.SESSION, Kind.REGISTRY, Kind.MAKER)

WAITING_WORDS = frozenset().union(*_METHODS.values()) | {"begin", "query"}
_METHOD_NAMES = WAITING_WORDS | OF_QUERIES
_WITHOUT_ARGUMENTS = words("begin commit connect connection flush raw_connection rollback")
_TELLING = ("sqlalchemy", "sqlmodel", "Session", "db.", "session.")
_SENDS_TEXT = words("exec_driver_sql execute scalar scalars")
_CALL = re.compile(
    rf"\.(?:{'|'.join(sorted(WAITING_WORDS))})\((?!\)|[\"'])|\.(?:{'|'.join(sorted(_WITHOUT_ARGUMENTS))})\(\)|"
    rf"\.(?:{'|'.join(sorted(_SENDS_TEXT))})\([\"']"
)
_DRAINS = words("list set tuple sorted")
_VIEWS = frozenset(view.rpartition(".")[2] for view in VIEWS)


def may_say_wait(text: str) -> bool:
    """Does a line of a file spell a call that may wait, and no `await` before it? Cheaper than to parse the file."""
    if not any(word in text for word in _TELLING):
        return False
    for match in _CALL.finditer(text):
        line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        if "await " not in line and "async with " not in line:
            return True
    return "Query" in text


def may_wait(block: Block) -> bool:
    """Does the function spell a call that may wait, and that nobody awaits? By words alone."""
    return any(_may_wait(call, block) for call in block.calls) or any(
        _is_query_type(parameter.arg.annotation) for parameter in block.parameters.values()
    )


def _is_query_type(annotation: ast.expr | None) -> bool:
    """`Query`, `Query[User]`, `orm.Query`."""
    if isinstance(annotation, ast.Subscript):
        annotation = annotation.value
    return annotation is not None and last_name(annotation) == "Query"


def _may_wait(call: ast.Call, block: Block) -> bool:
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in WAITING_WORDS:
        return False
    name = call.func.attr
    if name == "get" and (len(call.args) < 2 or not _may_be_class(call.args[0])):
        return False  # a dictionary's, and no `session.get(Model, key)`
    if name not in _WITHOUT_ARGUMENTS and not call.args and not call.keywords:
        return False  # `result.scalars()`
    return not _is_awaited(call, block)


def _may_be_class(node: ast.expr) -> bool:
    name = last_name(node) or ""
    return name[:1].isupper() or any(word in name for word in ("model", "cls", "class", "entity"))


def _is_awaited(call: ast.expr, block: Block) -> bool:
    parent = block.parents.get(call)
    if isinstance(parent, ast.withitem):
        return isinstance(block.parents[parent], ast.AsyncWith)
    return isinstance(parent, ast.Await)


def waits_in(model: Model, frame: Frame) -> Iterator[ast.expr]:
    """The calls (and loops over a query) in a function's own code that wait for the database."""
    block = frame.block
    if not may_wait(block):
        return
    found: list[ast.expr] = []
    for node in block.nodes_of(ast.Call, ast.For, ast.comprehension):
        match node:
            case ast.Call(func=ast.Attribute(attr=name) as method) if name in _METHOD_NAMES:
                if not _is_awaited(node, block) and _is_wait(model, method, frame):
                    if not is_skipped(model, node, frame) and not _only_cleans_up(
                        model, method, frame
                    ):
                        found.append(node)
            case ast.Call(func=ast.Name(id=name), args=[given]) if name in _DRAINS:
                if _is_query(model, given, frame):
                    found.append(node)
            case ast.For(iter=given) | ast.comprehension(iter=given, is_async=0):
                if _is_query(model, given, frame):
                    found.append(given)
    yield from found
    for node in block.nodes_of(ast.With):
        for item in node.items:
            if _commits(model, item.context_expr, frame):
                if not any(is_within(block, inner, node) for inner in found):
                    yield item.context_expr


def _only_cleans_up(model: Model, method: ast.Attribute, frame: Frame) -> bool:
    """`registry.rollback()` after an error: what this thread has begun is told where it did."""
    return (
        method.attr == "rollback"
        and is_on_error(frame.block, method)
        and any(
            attributes.kind_of(model, value) is Kind.REGISTRY
            for value in model.values(method.value, frame)
        )
    )


def _is_wait(model: Model, method: ast.Attribute, frame: Frame) -> bool:
    """Is the method one that waits, of nothing but synchronous objects?"""
    owner = method.value
    if isinstance(owner, ast.Attribute) and owner.attr in _VIEWS:
        return False
    values = known(model.values(owner, frame))
    return bool(values) and all(_waits(model, value, method.attr) for value in values)


def _waits(model: Model, value: Value, name: str) -> bool:
    if attributes.is_async(model, value):
        return False
    if attributes.type_name(model, value) == QUERY:
        return name in OF_QUERIES
    kind = attributes.kind_of(model, value)
    return kind is not None and name in _METHODS.get(kind, ())


def _is_query(model: Model, node: ast.expr, frame: Frame) -> bool:
    if not isinstance(node, ast.Call | ast.Name) or "query" not in frame.block.words:
        return False
    values: Values = known(model.values(node, frame))
    return bool(values) and all(isinstance(v, Made) and v.type == QUERY for v in values)


def _commits(model: Model, node: ast.expr, frame: Frame) -> bool:
    """`with session.begin():`, `with maker.begin() as session:`: what is in the session is written at the end."""
    match node:
        case ast.Call(func=ast.Attribute(attr="begin", value=owner)):
            values = known(model.values(owner, frame))
            return bool(values) and all(
                attributes.kind_of(model, value) in _BEGIN_AND_COMMIT
                and not attributes.is_async(model, value)
                for value in values
            )
    return False


def is_on_error(block: Block, node: ast.AST) -> bool:
    """Does the node run only when something was raised?"""
    return any(
        isinstance(ancestor, ast.Try) and in_part(block, node, ancestor, "handlers")
        for ancestor in block.ancestors(node)
    )
