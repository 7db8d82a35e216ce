"""What a block binds: each place that gives a name a value, and how it does that."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .scopes import Block

Path = tuple[int | None, ...]
"""The way into an unpacked value: indexes from outside to inside, `None` behind a star."""
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_BINDING = (
    *(ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.Import, ast.ImportFrom),
    *(ast.For, ast.AsyncFor, ast.With, ast.AsyncWith),
)


@dataclass(frozen=True, slots=True)
class Imported:
    """`import dotted` (name is None) or `from dotted import name`, with the dots of a relative import."""

    dotted: str
    name: str | None
    level: int


@dataclass(frozen=True, slots=True)
class Defined:
    """`def`, `async def` or `class`."""

    block: Block


@dataclass(frozen=True, slots=True)
class Assigned:
    """`name = value`, `name: annotation = value`, `(name := value)`; a bare annotation has no value."""

    value: ast.expr | None
    path: Path = ()
    annotation: ast.expr | None = None


@dataclass(frozen=True, slots=True)
class Aliased:
    """`type Name = value` (PEP 695)."""

    value: ast.expr


@dataclass(frozen=True, slots=True)
class Iterated:
    """The target of `for`, of `async for` or of a comprehension."""

    iterable: ast.expr
    path: Path


@dataclass(frozen=True, slots=True)
class Entered:
    """The target of `with` or `async with`."""

    context: ast.expr
    path: Path


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter; `index` is its place among the positional ones, `star` is `*` or `**` for the catch-alls."""

    arg: ast.arg
    default: ast.expr | None
    index: int | None
    star: str = ""


@dataclass(frozen=True, slots=True)
class Matched:
    """A name captured by `case Class() as name`."""

    annotation: ast.expr


@dataclass(frozen=True, slots=True)
class Opaque:
    """Bound to something that the model does not follow (`except … as`, `+=`, a capture pattern)."""


Origin = Imported | Defined | Assigned | Aliased | Iterated | Entered | Parameter | Matched | Opaque


@dataclass(frozen=True, slots=True, eq=False)
class Binding:
    """One place that gives `name` a value: in which block it is evaluated, at which node, and how."""

    name: str
    block: Block
    node: ast.AST
    origin: Origin


_MakeOrigin = Callable[[Path], Origin]
_UNBINDING = frozenset(
    {
        *(
            ast.Name,
            ast.Attribute,
            ast.Constant,
            ast.Call,
            ast.keyword,
            ast.Expr,
            ast.arg,
            ast.alias,
        ),
        *(ast.Return, ast.If, ast.Compare, ast.Subscript, ast.BinOp, ast.UnaryOp, ast.BoolOp),
        *(ast.Tuple, ast.List, ast.Dict, ast.Set, ast.JoinedStr, ast.FormattedValue, ast.Starred),
        *(ast.Raise, ast.Try, ast.IfExp, ast.Lambda, ast.Slice, ast.Pass, ast.Assert, ast.withitem),
        *(ast.comprehension, ast.Yield, ast.YieldFrom, ast.While, ast.Delete, ast.Await),
    }
)
"""The frequent nodes that bind no name by themselves."""


class Names:
    """Collects the bindings of one block."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.bindings: dict[str, list[Binding]] = {}
        self.in_comprehensions: dict[str, list[Binding]] = {}
        self.stars: list[Imported] = []
        self.outer: dict[str, str] = {}
        for name, parameter in block.parameters.items():
            self._bind(name, parameter.arg, parameter)
        for node in block.nodes:
            if type(node) not in _UNBINDING:
                self._visit(node)
        for name in self.outer:
            self.bindings.pop(name, None)
        if isinstance(block.node, ast.Module) and "global " in block.module.source.text:
            self._add_globals(block)

    def _add_globals(self, block: Block) -> None:
        for inner in block.inner.values():
            names = inner._names
            for name, keyword in names.outer.items():
                if keyword == "global":
                    self.bindings.setdefault(name, []).extend(names.written_outside.get(name, []))
            self._add_globals(inner)

    @cached_property
    def written_outside(self) -> dict[str, list[Binding]]:
        """What this block binds to names that it declares `global` or `nonlocal`."""
        found: dict[str, list[Binding]] = {}
        kept, self.bindings, stars, self.stars = self.bindings, found, self.stars, []
        for node in self.block.nodes:
            if isinstance(node, _BINDING):
                self._visit(node)
        self.bindings, self.stars = kept, stars
        return found

    def _bind(self, name: str, node: ast.AST, origin: Origin) -> None:
        self.bindings.setdefault(name, []).append(Binding(name, self.block, node, origin))

    def _visit(self, node: ast.AST) -> None:
        match node:
            case ast.Assign():
                for target in node.targets:
                    self._target(target, node, lambda path: Assigned(node.value, path))
            case ast.AnnAssign(target=ast.Name(id=name)):
                self._bind(name, node, Assigned(node.value, (), node.annotation))
            case ast.NamedExpr():
                self._bind(node.target.id, node, Assigned(node.value))
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self._bind(node.name, node, Defined(self.block.inner[node]))
            case ast.Import():
                for alias in node.names:
                    if alias.asname:
                        self._bind(alias.asname, node, Imported(alias.name, None, 0))
                    else:
                        top = alias.name.partition(".")[0]
                        self._bind(top, node, Imported(top, None, 0))
            case ast.ImportFrom():
                for alias in node.names:
                    if alias.name == "*":
                        self.stars.append(Imported(node.module or "", None, node.level))
                    else:
                        origin = Imported(node.module or "", alias.name, node.level)
                        self._bind(alias.asname or alias.name, node, origin)
            case ast.For() | ast.AsyncFor():
                self._target(node.target, node, lambda path: Iterated(node.iter, path))
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    self._with_item(item, node)
            case ast.Global() | ast.Nonlocal():
                keyword = "global" if isinstance(node, ast.Global) else "nonlocal"
                self.outer.update(dict.fromkeys(node.names, keyword))
            case ast.AugAssign(target=ast.Name(id=name)):
                self._bind(name, node, Opaque())
            case ast.ExceptHandler(name=str(name)):
                self._bind(name, node, Opaque())
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                self._comprehension(node)
            case ast.MatchAs(name=str(name), pattern=ast.MatchClass(cls=cls)):
                self._bind(name, node, Matched(cls))
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                self._bind(name, node, Opaque())
            case ast.MatchMapping(rest=str(name)):
                self._bind(name, node, Opaque())
            case _ if type(node).__name__ == "TypeAlias":  # Python 3.12
                self._bind(node.name.id, node, Aliased(node.value))  # type: ignore[attr-defined]

    def _with_item(self, item: ast.withitem, node: ast.AST) -> None:
        if item.optional_vars is not None:
            context = item.context_expr
            self._target(item.optional_vars, node, lambda path: Entered(context, path))

    def _target(self, target: ast.expr, node: ast.AST, origin: _MakeOrigin) -> None:
        stack: list[tuple[ast.expr, Path]] = [(target, ())]
        while stack:
            part, path = stack.pop()
            if isinstance(part, ast.Name):
                self._bind(part.id, node, origin(path))
            elif isinstance(part, ast.Starred):
                stack.append((part.value, (*path, None)))
            elif isinstance(part, ast.Tuple | ast.List):
                stack.extend((element, (*path, i)) for i, element in enumerate(part.elts))

    def _comprehension(self, node: _Comprehension) -> None:
        bindings, self.bindings = self.bindings, {}
        for generator in node.generators:
            iterable = generator.iter
            self._target(generator.target, node, _iterated(iterable))
        for name, found in self.bindings.items():
            self.in_comprehensions.setdefault(name, []).extend(found)
        self.bindings = bindings


def _iterated(iterable: ast.expr) -> _MakeOrigin:
    return lambda path: Iterated(iterable, path)
