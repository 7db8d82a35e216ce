"""What a file can get to, name by name: the statements of the project's modules that can matter to it.

A file that imports a module for one of its functions does not use the routes beside it. A statement counts where a
name that it binds, the object that it is called on, or the one that it decorates with is spelled by another statement
that counts, from those of the file in question on; and where an import runs it for its effect. That errs on the side
of too much.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .bindings import Imported
from .scopes import Block

if TYPE_CHECKING:
    from .project import Project

Chain = tuple[str, ...]
"""`name.attribute.other`: its words."""


@dataclass(slots=True)
class _Top:
    """The top level of a file: the statements by the names that they bind, or that they are called on."""

    bound: dict[str, list[ast.AST]] = field(default_factory=dict)
    imports: dict[str, list[Imported]] = field(default_factory=dict)
    called_on: list[tuple[Chain, ast.AST]] = field(default_factory=list)
    decorated: list[tuple[Chain, ast.AST]] = field(default_factory=list)
    at_import: list[ast.AST] = field(default_factory=list)
    stars: list[Imported] = field(default_factory=list)
    loaded: list[Imported] = field(default_factory=list)

    def add(self, statements: Iterable[ast.stmt]) -> None:
        """Sort the statements in; of compound ones, what they hold."""
        for node in statements:
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                    self._bind(node.name, node)
                    self.decorated += [(chain, node) for chain in _registrars(node)]
                case ast.Import() | ast.ImportFrom():
                    if isinstance(node, ast.Import):
                        self.loaded += _loaded(node)
                    for name, imported in _imports(node):
                        if name == "*":
                            self.stars.append(imported)
                        else:
                            self.imports.setdefault(name, []).append(imported)
                case ast.Assign(targets=targets):
                    for target in targets:
                        self._assign(target, node)
                case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
                    self._assign(target, node)
                case ast.Expr(value=ast.Call(func=ast.Attribute(value=owner))) if _chain(owner):
                    self.called_on.append((_chain(owner), node))
                case ast.Expr(value=ast.Constant()):
                    pass
                case _:
                    self._add_parts(node)

    def _add_parts(self, node: ast.stmt) -> None:
        bodies = [body for name in _BODIES for body in getattr(node, name, ())]
        match node:
            case ast.For() | ast.AsyncFor():
                self._assign(node.target, node.iter)
            case ast.With() | ast.AsyncWith():
                self.at_import += [item.context_expr for item in node.items]
                for item in node.items:
                    if item.optional_vars is not None:
                        self._assign(item.optional_vars, item.context_expr)
            case _ if not bodies:
                name = getattr(node, "name", None)  # of `type X = …`
                if isinstance(name, ast.Name):
                    self._bind(name.id, node)
                else:
                    self.at_import.append(node)
        for body in bodies:
            self.add([body] if isinstance(body, ast.stmt) else body.body)

    def _assign(self, target: ast.AST, node: ast.AST) -> None:
        for part in ast.walk(target):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                self._bind(part.id, node)
            elif isinstance(part, ast.Attribute | ast.Subscript) and _chain(part.value):
                self.called_on.append((_chain(part.value), node))

    def _bind(self, name: str, node: ast.AST) -> None:
        self.bound.setdefault(name, []).append(node)

    def statements(self) -> Iterator[ast.AST]:
        """All of them, but for imports."""
        for nodes in self.bound.values():
            yield from nodes
        yield from (node for _, node in self.called_on)
        yield from self.at_import


_BODIES = ("body", "handlers", "orelse", "finalbody", "cases")


class WithinReach:
    """The statements that a file can get to; found when the first question is asked."""

    def __init__(self, project: Project, start: str) -> None:
        self._project = project
        self._start = start
        self._tops: dict[str, _Top] = {}
        self._asked: set[tuple[str, Chain]] = set()
        self._spelled: set[tuple[str, str]] = set()
        self._beside: dict[tuple[str, str], list[tuple[ast.AST, str]]] = {}
        self._whole: set[str] = set()
        self._found: set[ast.AST] = set()
        self._waiting: list[tuple[ast.AST, str]] = []

    def holds(self, block: Block, node: ast.AST | None = None) -> bool:
        """Does the top-level statement count that holds a block, or a node of it?"""
        if not self._whole:
            self._find()
        nodes = [] if node is None else [node, *block.ancestors(node)]
        outer: Block | None = block
        while outer is not None:
            nodes.append(outer.node)
            outer = outer.parent
        return not self._found.isdisjoint(nodes)

    def _find(self) -> None:
        self._take_whole(self._start)
        while self._waiting:
            node, path = self._waiting.pop()
            inside: dict[str, list[Imported]] = {}
            for part in ast.walk(node):
                if isinstance(part, ast.Import | ast.ImportFrom):
                    for name, imported in _imports(part):
                        inside.setdefault(name, []).append(imported)
                    for imported in _loaded(part):
                        self._run(imported, path)
            for chain in _chains(node):
                for imported in inside.get(chain[0], ()):
                    self._follow(imported, chain[1:], path)
                self._spell(path, chain)

    def _count(self, node: ast.AST, path: str) -> None:
        if node not in self._found:
            self._found.add(node)
            self._waiting.append((node, path))

    def _take_whole(self, path: str) -> None:
        """Any name of the module may be used."""
        if path in self._whole:
            return
        self._whole.add(path)
        top = self._top(path)
        for node in top.statements():
            self._count(node, path)
        for name in (*top.bound, *(top.imports if path.endswith("__init__.py") else ())):
            self._spell(path, (name,))
        for star in top.stars:
            self._follow(star, (), path)

    def _top(self, path: str) -> _Top:
        """The top level of a module that runs: what it does for no name's sake counts."""
        top = self._tops.get(path)
        if top is not None:
            return top
        top = self._tops[path] = _Top()
        module = self._project.module(path) if path.endswith(".py") else None
        if module is None:
            return top
        top.add(module.tree.body)
        for node in top.at_import:
            self._count(node, path)
        for chain, node in (*top.called_on, *top.decorated):
            self._attach(path, top, chain, node)
        words = module.block.words
        for name, imports in top.imports.items():
            if name not in words:  # for its effect, or for others that ask for it
                for imported in imports:
                    self._run(imported, path)
        for imported in (*top.stars, *top.loaded):
            self._run(imported, path)
        return top

    def _attach(self, path: str, top: _Top, chain: Chain, node: ast.AST) -> None:
        """Let the statement count when somebody spells the object that it is called on or decorates with."""
        owners = [(path, chain[0])]
        for imported in top.imports.get(chain[0], ()):
            owners += [
                (file, rest[0]) for file, rest in self._targets(imported, chain[1:], path) if rest
            ]
        if len(owners) == 1 and chain[0] not in top.bound:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self._count(node, path)  # `library.set_up()`
            return
        for owner in owners:
            self._beside.setdefault(owner, []).append((node, path))
            if owner in self._spelled:
                self._count(node, path)

    def _run(self, imported: Imported, path: str) -> None:
        """The modules that an import runs."""
        names = () if imported.name in (None, "*") else (imported.name,)
        for file in self._project.loads(path, imported.dotted, imported.level, names):
            self._top(file)

    def _spell(self, path: str, chain: Chain) -> None:
        """A name of the module is used."""
        if (path, chain) in self._asked:
            return
        self._asked.add((path, chain))
        name = chain[0]
        top = self._top(path)
        if (path, name) not in self._spelled:
            self._spelled.add((path, name))
            for node in top.bound.get(name, ()):
                self._count(node, path)
            for node, file in self._beside.get((path, name), ()):
                self._count(node, file)
        for imported in top.imports.get(name, ()):
            self._follow(imported, chain[1:], path)
        if name not in top.bound and name not in top.imports:
            for star in top.stars:
                for file, rest in self._targets(star, (), path):
                    if not rest:
                        self._spell(file, chain)
            if "__getattr__" in top.bound and path != self._start:
                self._take_whole(path)

    def _follow(self, imported: Imported, attributes: Chain, path: str) -> None:
        for file, rest in self._targets(imported, attributes, path):
            if rest:
                self._spell(file, rest)
            else:
                self._take_whole(file)

    def _targets(
        self, imported: Imported, attributes: Chain, path: str
    ) -> Iterator[tuple[str, Chain]]:
        """The files that what was imported leads into, each with what is used of it; of all of it, nothing."""
        dotted = imported.dotted
        name = imported.name
        words = attributes if name in (None, "*") else (name, *attributes)
        file = self._project.resolve(path, dotted, imported.level)
        for index, word in enumerate(words):
            top = self._top(file) if file is not None and file.endswith(".py") else None
            dotted = f"{dotted}.{word}" if dotted else word
            below = self._project.resolve(path, dotted, imported.level)
            if file is not None and top is not None:
                if below is None or word in top.bound or word in top.imports:
                    yield file, words[index:]
            if below is None:
                return
            file = below
        if file is not None and file.endswith(".py"):
            yield file, ()


def _imports(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Imported]]:
    """The names that an import binds."""
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            yield alias.asname or alias.name, Imported(node.module or "", alias.name, node.level)
        else:
            first = alias.name.partition(".")[0]
            yield alias.asname or first, Imported(alias.name if alias.asname else first, None, 0)


def _loaded(node: ast.Import | ast.ImportFrom) -> Iterator[Imported]:
    """What an import runs: `import a.b` binds `a`, and runs both."""
    for alias in node.names:
        if isinstance(node, ast.Import):
            yield Imported(alias.name, None, 0)
        else:
            yield Imported(node.module or "", alias.name, node.level)


def _registrars(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Iterator[Chain]:
    """`router` of `@router.get("/")`, in a class too, and of `@views_of(router)`."""
    inner = node.body if isinstance(node, ast.ClassDef) else ()
    for each in (node, *inner):
        for decorator in getattr(each, "decorator_list", ()):
            match decorator:
                case ast.Attribute(value=owner) | ast.Call(func=ast.Attribute(value=owner)):
                    yield from filter(None, [_chain(owner)])
                case ast.Call(args=arguments):
                    yield from filter(None, map(_chain, arguments))


def _chain(node: ast.expr) -> Chain:
    """The words of `name.attribute.other`; nothing for another expression."""
    words: list[str] = []
    while isinstance(node, ast.Attribute):
        words.append(node.attr)
        node = node.value
    return (node.id, *reversed(words)) if isinstance(node, ast.Name) else ()


def _chains(node: ast.AST) -> Iterator[Chain]:
    """All names that are used in a statement, each with its attributes."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        chain = _chain(part) if isinstance(part, ast.Name | ast.Attribute) else ()
        if chain:
            yield chain
        else:
            waiting += ast.iter_child_nodes(part)
