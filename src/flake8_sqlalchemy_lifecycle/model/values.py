"""The kinds of values that an expression can have. All are immutable and hashable: sets of them are answers."""

from __future__ import annotations

import ast
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from .compound import Compound

if TYPE_CHECKING:
    from .scopes import Block


class Site(NamedTuple):
    """Where something is made: the identity of an object (path is absolute; line from 1, column from 0)."""

    path: str
    line: int
    column: int

    @classmethod
    def of(cls, node: ast.AST, block: Block) -> Site:
        """The place of a node of a block."""
        return cls(block.module.path, getattr(node, "lineno", 1), getattr(node, "col_offset", 0))


class Frame(Compound):
    """One activation of a block: what its parameters hold, as far as known, and who called it.

    Two frames are equal when the block, the arguments and the closure are: the caller does not count.
    """

    __slots__ = ("args", "block", "call", "caller", "closure", "depth")

    def __init__(
        self,
        block: Block,
        closure: Frame | None = None,
        args: tuple[tuple[str, Values], ...] = (),
        caller: Frame | None = None,
        call: ast.AST | None = None,
    ) -> None:
        self.block = block
        self.closure = closure
        self.args = args
        self.caller = caller
        self.call = call
        self.depth: int = caller.depth + 1 if caller else 0
        self.__post_init__()

    def _parts(self) -> Hashable:
        return self.block, self.args, self.closure

    def __repr__(self) -> str:
        return f"<Frame {self.block.qualname} {dict(self.args)}>"

    def argument(self, name: str) -> Values | None:
        """What the caller passes for a parameter; None where that is not known."""
        return next((values for key, values in self.args if key == name), None)

    def within(self, other: Frame) -> bool:
        """Is this activation `other`, or called by it, directly or not?"""
        frame: Frame | None = self
        while frame is not None:
            if frame == other:
                return True
            frame = frame.caller
        return False


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that the model cannot follow. Rules are silent about it."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal's value."""

    value: object


@dataclass(frozen=True, slots=True)
class Text:
    """A string of which only the beginning is known."""

    head: str


@dataclass(frozen=True, slots=True)
class Library:
    """A module, class, function or constant of a library, by its canonical name."""

    name: str


@dataclass(frozen=True, slots=True)
class ProjectModule:
    """A module or namespace package of the linted project."""

    path: str


@dataclass(slots=True, eq=False)
class Func(Compound):
    """A project function; a method has its receiver; `wrappers` are library decorators applied by a call."""

    block: Block
    closure: Frame
    receiver: Value | None = None
    wrappers: tuple[str, ...] = ()

    def _parts(self) -> Hashable:
        return self.block, self.closure, self.receiver, self.wrappers


@dataclass(slots=True, eq=False)
class Cls(Compound):
    """A project class."""

    block: Block
    closure: Frame

    def _parts(self) -> Hashable:
        return self.block, self.closure


@dataclass(slots=True, eq=False)
class Instance(Compound):
    """An instance of a project class: made by a call at its site, or any (the site is the class or annotation)."""

    cls: Cls
    site: Site
    args: tuple[tuple[str, Values], ...] = ()
    context: tuple[Site, ...] = ()
    frame: Frame | None = field(default=None, repr=False)

    def _parts(self) -> Hashable:
        return self.cls, self.site, self.args, self.context


@dataclass(slots=True, eq=False)
class Made(Compound):
    """An object of a library, made at a site.

    `origin` is the object that made it (the maker of a session, the engine of a connection); `context` are the calls
    through which it came out of the functions that made it; `call` and `frame` lead to the arguments of its creation.
    A declared object (`declared`) is known by an annotation only.
    """

    type: str
    site: Site
    origin: Value | None = None
    context: tuple[Site, ...] = ()
    declared: bool = False
    call: ast.Call | None = field(default=None, repr=False)
    frame: Frame | None = field(default=None, repr=False)

    def _parts(self) -> Hashable:
        return self.type, self.site, self.origin, self.context, self.declared

    @property
    def appears(self) -> Site:
        """Where the object comes to be in the outermost function that made it by calls."""
        return self.context[-1] if self.context else self.site


@dataclass(slots=True, eq=False)
class Bound(Compound):
    """A method or attribute of an object that belongs to a library."""

    receiver: Value
    name: str


@dataclass(slots=True, eq=False)
class Items(Compound):
    """A tuple or list whose elements are known one by one."""

    elements: tuple[Values, ...]


@dataclass(slots=True, eq=False)
class Elements(Compound):
    """A collection or iterator of unknown length, with what its elements can be."""

    values: Values


@dataclass(slots=True, eq=False)
class Mapping(Compound):
    """A dictionary with constant keys."""

    entries: tuple[tuple[object, Values], ...]

    def get(self, key: object) -> Values | None:
        """What lies under a key; None where there is no such key."""
        return next((values for name, values in self.entries if name == key), None)


@dataclass(slots=True, eq=False)
class Coroutine(Compound):
    """A called `async def` that nobody awaited yet."""

    frame: Frame


@dataclass(slots=True, eq=False)
class Generator(Compound):
    """A called generator function."""

    frame: Frame


@dataclass(slots=True, eq=False)
class Manager(Compound):
    """A called function that `contextmanager` or `asynccontextmanager` decorates."""

    frame: Frame


@dataclass(slots=True, eq=False)
class Entering(Compound):
    """A context manager around a value: `closing(x)`, `nullcontext(x)`."""

    values: Values
    closes: bool


@dataclass(slots=True, eq=False)
class Partial(Compound):
    """`functools.partial(function, …)`."""

    function: Value
    positional: tuple[Values, ...]
    keywords: tuple[tuple[str, Values], ...]


@dataclass(slots=True, eq=False)
class TypeForm(Compound):
    """An annotation used as a value: an alias such as `DbSession = Annotated[AsyncSession, Depends(get_db)]`."""

    annotation: ast.expr
    frame: Frame


@dataclass(slots=True, eq=False)
class Returning(Compound):
    """Something callable of which only the result's type is known: `Callable[[], AsyncSession]`."""

    values: Values


@dataclass(slots=True, eq=False)
class Super(Compound):
    """`super()` in a method of `cls`."""

    receiver: Value
    cls: Cls


Value = (
    Unknown
    | Constant
    | Text
    | Library
    | ProjectModule
    | Func
    | Cls
    | Instance
    | Made
    | Bound
    | Items
    | Elements
    | Mapping
    | Coroutine
    | Generator
    | Manager
    | Entering
    | Partial
    | TypeForm
    | Returning
    | Super
)
Values = frozenset[Value]
UNKNOWN: Values = frozenset({Unknown()})
NOTHING: Values = frozenset()


def in_order(values: Values) -> Iterable[Value]:
    """The values by the places where they are made or written: a set's own order differs from run to run."""
    return values if len(values) < 2 else sorted(values, key=_rank)


_NOWHERE = Site("", 0, 0)


def _rank(value: Value) -> tuple[str, Site, str]:
    match value:
        case Made(type=name, site=site):
            return "Made", site, name
        case Instance(cls=cls, site=site):
            return "Instance", site, cls.block.qualname
        case Func(block=block) | Cls(block=block):
            return "block", Site.of(block.node, block), block.qualname
        case Coroutine(frame) | Generator(frame) | Manager(frame):
            return "frame", Site.of(frame.block.node, frame.block), type(value).__name__
        case Bound(receiver, name):
            return "Bound", _rank(receiver)[1], name
        case Partial(function):
            return "Partial", *_rank(function)[1:]
        case Constant(constant):
            return "Constant", _NOWHERE, repr(constant)
        case Library(name) | Text(name):
            return type(value).__name__, _NOWHERE, name
    return type(value).__name__, _NOWHERE, ""
