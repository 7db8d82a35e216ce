"""Annotations: what an object annotated so can be."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from . import injection, passing
from .knowledge import TYPES, Kind
from .values import (
    NOTHING,
    UNKNOWN,
    Cls,
    Constant,
    Elements,
    Frame,
    Instance,
    Items,
    Library,
    Made,
    Returning,
    Site,
    TypeForm,
    Value,
    Values,
)

if TYPE_CHECKING:
    from .inference import Model
    from .scopes import Block

_TYPING = ("typing.", "collections.abc.", "typing_extensions.", "contextlib.", "builtins.")
_COLLECTIONS = frozenset(
    "list List set Set frozenset FrozenSet Sequence Iterable Collection Iterator Generator AsyncIterator "
    "AsyncGenerator AsyncIterable deque MutableSequence".split()
)
_WRAPPERS = frozenset(
    "Optional Final ClassVar Required NotRequired ReadOnly Awaitable Coroutine "
    "AbstractContextManager AbstractAsyncContextManager ContextManager AsyncContextManager".split()
)
_MAPPINGS = frozenset("dict Dict Mapping MutableMapping defaultdict".split())


_PLAIN = frozenset({"int", "bool", "float", "bytes", "datetime", "Decimal", "UUID"})


def annotated(
    model: Model,
    annotation: ast.expr | None,
    frame: Frame,
    owner: ast.AST,
    origin: Value | None = None,
) -> Values:
    """The objects that an annotation promises; their site is `owner`, the parameter or name that carries it."""
    if annotation is None:
        return UNKNOWN
    return _Reader(model, Site.of(owner, frame.block), origin).read(annotation, frame, 0)


def union_type(model: Model, node: ast.BinOp, frame: Frame) -> Values:
    """`A | None` as a value: an alias of a type."""
    if isinstance(node.op, ast.BitOr):
        for value in model.values(node.left, frame):
            if isinstance(value, Library | Cls | TypeForm) or value == Constant(None):
                return frozenset({TypeForm(node, frame)})
    return NOTHING


def promised(model: Model, frame: Frame) -> Values:
    """What the return annotation of a function promises; for a generator what it yields."""
    node = frame.block.node
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.returns is None:
        return UNKNOWN
    closure = frame.closure or frame
    found = annotated(model, node.returns, closure, node, passing.receiver_of(frame))
    if frame.block.yields:
        return model.iterated(found)
    return found


def is_plain(annotation: ast.expr | None) -> bool:
    """Does the annotation name a number, a truth value or the like, of which nobody wants to know more?"""
    return isinstance(annotation, ast.Name) and annotation.id in _PLAIN


def promises_nothing_of_note(block: Block) -> bool:
    """Does the return annotation name a number, a truth value or a list of strings? Then nobody need read the body."""
    node = block.node
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or block.yields:
        return False
    match node.returns:
        case ast.Name(id=name):
            return name in _PLAIN
        case ast.Subscript(value=ast.Name(id="list" | "List" | "set"), slice=ast.Name(id=name)):
            return name in _PLAIN or name == "str"
    return False


class _Reader:
    def __init__(self, model: Model, site: Site, origin: Value | None) -> None:
        self.model = model
        self.site = site
        self.origin = origin

    def read(self, node: ast.expr, frame: Frame, depth: int) -> Values:
        if depth > 8:
            return UNKNOWN
        match node:
            case ast.Constant(value=str() as text):
                parsed = _parsed(self.model, node, text)
                return self.read(parsed, frame, depth + 1) if parsed is not None else UNKNOWN
            case ast.Constant(value=None):
                return frozenset({Constant(None)})
            case ast.BinOp(op=ast.BitOr()):
                return self.read(node.left, frame, depth + 1) | self.read(
                    node.right, frame, depth + 1
                )
            case ast.Subscript():
                return self._subscript(node, frame, depth)
            case ast.Name() | ast.Attribute():
                found: set[Value] = set()
                for value in self.model.values(node, frame):
                    found |= self._instance(value, depth)
                return frozenset(found) or UNKNOWN
        return UNKNOWN

    def _instance(self, value: Value, depth: int) -> Values:
        match value:
            case Cls():
                return frozenset({Instance(value, self.site)})
            case Library(name) if name in ("typing.Any", "builtins.object"):
                return UNKNOWN
            case Library(name):
                return frozenset({Made(name, self.site, self.origin, declared=True)})
            case TypeForm(annotation, frame):
                return self.read(annotation, frame, depth + 1)
            case Constant(None):
                return frozenset({value})
        return UNKNOWN

    def _subscript(self, node: ast.Subscript, frame: Frame, depth: int) -> Values:
        arguments = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if not arguments:
            return UNKNOWN  # `tuple[()]`
        found: set[Value] = set()
        for base in self.model.values(node.value, frame):
            if isinstance(base, Library) and base.name.startswith(_TYPING):
                found |= self._typing(base.name.rpartition(".")[2], arguments, frame, depth)
            elif isinstance(base, Library):
                found |= self._generic(base, arguments[0], frame)
            else:
                found |= self._instance(base, depth)
        return frozenset(found) or UNKNOWN

    def _typing(self, name: str, arguments: list[ast.expr], frame: Frame, depth: int) -> Values:
        first = arguments[0]
        if name == "Annotated":
            for metadata in arguments[1:]:
                given = injection.dependency(self.model, metadata, frame, first)
                if given is not None:
                    return given
            return self.read(first, frame, depth + 1)
        if name in _WRAPPERS:
            last = arguments[-1] if name == "Coroutine" else first
            return self.read(last, frame, depth + 1)
        if name == "Union":
            return self.model.union(self.read(a, frame, depth + 1) for a in arguments)
        if name in _COLLECTIONS:
            return frozenset({Elements(self.read(first, frame, depth + 1))})
        if name in _MAPPINGS and len(arguments) == 2:
            return frozenset({Elements(self.read(arguments[1], frame, depth + 1))})
        if name in ("tuple", "Tuple"):
            if len(arguments) == 2 and isinstance(arguments[1], ast.Constant):
                return frozenset({Elements(self.read(first, frame, depth + 1))})
            return frozenset({Items(tuple(self.read(a, frame, depth + 1) for a in arguments))})
        if name == "Callable" and len(arguments) == 2:
            return frozenset({Returning(self.read(arguments[1], frame, depth + 1))})
        if name in ("type", "Type"):
            return self.model.values(first, frame)
        return UNKNOWN

    def _generic(self, base: Library, argument: ast.expr, frame: Frame) -> Values:
        """`async_sessionmaker[AsyncSession]`, `Mapped[int]`, …; a maker of async sessions is an async maker."""
        name = base.name
        if name == "sqlalchemy.sessionmaker":
            for session in self.model.values(argument, frame):
                kind = TYPES.get(session.name) if isinstance(session, Library) else None
                if kind is not None and kind.kind is Kind.SESSION and kind.is_async:
                    name = "sqlalchemy.async_sessionmaker"
        return frozenset({Made(name, self.site, self.origin, declared=True)})


def _parsed(model: Model, node: ast.Constant, text: str) -> ast.expr | None:
    """A string annotation as an expression; the same object each time, so that answers are remembered."""
    cache = model.parsed
    if node not in cache:
        try:
            cache[node] = ast.parse(text.strip(), mode="eval").body if len(text) < 500 else None
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            cache[node] = None
    return cache[node]
