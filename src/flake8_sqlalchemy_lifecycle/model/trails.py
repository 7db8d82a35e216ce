"""A sieve for the call graph: the names through which code can get to a kind of place at all.

Following every call of every handler would read the whole application for each file. Few functions lead to, say, the
creation of an engine; whoever gets there must spell one of their names. So the names are collected backwards from the
places, by words alone, and the model looks only at calls that use one. The sieve may let through too much, never too
little: what it lets through is then followed exactly.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .project import Project
from .scopes import Block, Module

_TOO_MANY = 600


class Trails:
    """The names that lead to places whose code holds one of `words`; grows with the files asked about.

    With `results` also those that hold what such a call gives: `engine` of `engine = create_engine(…)`.
    """

    def __init__(self, project: Project, words: tuple[str, ...], results: bool = False) -> None:
        self._project = project
        self._words = words
        self._results = results
        self._names: set[str] = set()
        self._files: dict[
            str, set[str]
        ] = {}  # file → names (of this trail) that its blocks were searched for
        self._closures: set[str] = set()

    def names(self, path: str) -> frozenset[str]:
        """The names by which the file at `path` and what it imports get to the places."""
        if path not in self._closures:
            self._closures.add(path)
            for file in self._project.closure(path):
                self._closures.add(file)
                self._files.setdefault(file, set())
            self._spread()
        return frozenset(self._names)

    def _spread(self) -> None:
        growing = True
        while growing and len(self._names) < _TOO_MANY:
            growing = False
            for file, searched in self._files.items():
                wanted = {*self._words, *self._names} - searched
                if not wanted:
                    continue
                searched |= wanted
                present = wanted & self._project.identifiers(file)
                if not present:
                    continue
                module = self._project.module(file)
                if module is None:
                    continue
                for name in _names_using(module, present, self._results):
                    if name not in self._names and name not in self._words:
                        self._names.add(name)
                        growing = True


def _names_using(module: Module, wanted: set[str], results: bool) -> Iterator[str]:
    """The functions, classes and aliases of a module that use one of the names."""
    for block in module.blocks():
        if block.is_function:
            if not wanted.isdisjoint(block.words):
                yield _callable_name(block)
                if results:
                    yield from _kept_in(block, wanted)
            continue
        if block.is_class and _header_uses(block, wanted):
            yield block.name
        for node in block.nodes:
            yield from _aliases(node, block, wanted, results)


def _kept_in(block: Block, wanted: set[str]) -> Iterator[str]:
    """The attributes and globals in which a function keeps what it gets by a wanted name."""
    if (
        block.name == "get_bind" and block.method_of is not None
    ):  # SQLAlchemy calls it, for a session
        yield block.method_of.name
    for node in block.nodes:
        if isinstance(node, ast.Assign) and _stands_for(node.value, wanted, True):
            for target in node.targets:
                if isinstance(target, ast.Attribute):
                    yield target.attr
                elif isinstance(target, ast.Name) and target.id in block.outer_names:
                    yield target.id
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Attribute):
            if node.value is not None and _stands_for(node.value, wanted, True):
                yield node.target.attr


def _callable_name(block: Block) -> str:
    """The name that a caller spells: a special method runs by the name of its class."""
    owner = block.method_of
    if owner is not None and block.name.startswith("__"):
        return owner.name
    if block.name == "<lambda>" and block.parent is not None:
        statement = block.parent.statement(block.node)
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            return statement.targets[0].id
    return block.name


def _header_uses(block: Block, wanted: set[str]) -> bool:
    assert isinstance(block.node, ast.ClassDef)
    return any(
        isinstance(node, ast.Name) and node.id in wanted
        for base in (*block.node.bases, *block.node.decorator_list)
        for node in ast.walk(base)
    )


def _aliases(node: ast.AST, block: Block, wanted: set[str], results: bool) -> Iterator[str]:
    """Names that an import or a module-level assignment makes stand for a wanted one."""
    match node:
        case ast.alias(name=name, asname=str(alias)) if name.rpartition(".")[2] in wanted:
            yield alias
        case ast.Assign(targets=targets, value=value) if _stands_for(value, wanted, results):
            for target in targets:
                if isinstance(target, ast.Name):
                    yield target.id
        case ast.AnnAssign(target=ast.Name(id=name)) if _stands_for(node.annotation, wanted) or (
            node.value is not None and _stands_for(node.value, wanted, results)
        ):
            yield name
            if block.is_class:
                yield block.name
        case _ if type(node).__name__ == "TypeAlias":  # Python 3.12
            if _stands_for(node.value, wanted):  # type: ignore[attr-defined]
                yield node.name.id  # type: ignore[attr-defined]


def _stands_for(value: ast.expr, wanted: set[str], results: bool = False) -> bool:
    """Does the expression hand on a wanted function (and not the result of calling it, unless asked for)?"""
    stack: list[ast.AST] = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Call):
            stack += [*node.args, *(k.value for k in node.keywords)]
            if results or not isinstance(node.func, ast.Name | ast.Attribute):
                stack.append(node.func)
            continue
        if isinstance(node, ast.Name) and node.id in wanted:
            return True
        if isinstance(node, ast.Attribute) and node.attr in wanted:
            return True
        stack.extend(ast.iter_child_nodes(node))
    return False
