"""The imports that a fix needs."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import libcst as cst
from libcst.helpers import get_full_name_for_node_or_raise

from . import CannotFix
from .edits import Statement
from .names import bound_names
from .unused import without_imports

if TYPE_CHECKING:
    from .draft import Draft

_FUTURE, _STANDARD, _OTHERS, _OWN = range(4)
_WIDEST = 88
_BLANK = cst.EmptyLine(indent=False)

Key: TypeAlias = tuple[int, bool, str]


class Imports:
    """The import statements at the top of one file, and those to add."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._wanted: set[tuple[str, str]] = set()
        self._dropped: set[str] = set()

    def name(self, module: str, name: str) -> str:
        """What to write for `module.name`: as the file imports it, or else by its name, which will be imported."""
        if (module, name) in self._wanted:
            return name
        for line in self._lines:
            for local, meant in _bound(line):
                if len(self._names[local]) == 1:
                    if meant == f"{module}.{name}":
                        return local
                    if meant == module:
                        return f"{local}.{name}"
        if name in self._names or name in {taken for _, taken in self._wanted}:
            raise CannotFix(f"{name} is the name of something else in this file")
        self._wanted.add((module, name))
        return name

    def drop(self, *names: str) -> None:
        """Remove the imports of those of these names that nothing uses any more."""
        self._dropped.update(names)

    def without_unused(self, module: cst.Module) -> cst.Module:
        """The edited file without the imports that were to be dropped."""
        if not self._dropped:
            return module
        return without_imports(module, self._dropped, self._draft.model.linted)

    def note(self) -> None:
        """Note the imports to add as edits of the draft."""
        for module, name in sorted(self._wanted):
            self._add(module, name)
        self._wanted.clear()

    @cached_property
    def _names(self) -> dict[str, list[ast.AST]]:
        return bound_names(self._draft.model.linted.tree)

    @cached_property
    def _lines(self) -> list[cst.SimpleStatementLine]:
        """The import statements at the top of the file, above all functions and classes."""
        found = []
        for statement in self._draft.module.body:
            if isinstance(statement, cst.FunctionDef | cst.ClassDef):
                break
            if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1:
                if isinstance(statement.body[0], cst.Import | cst.ImportFrom):
                    found.append(statement)
        return found

    def _add(self, module: str, name: str) -> None:
        for line in self._lines:
            if self._has_room(line, module, name):
                self._draft.change(line.body[0], cst.ImportFrom, lambda old: _with_name(old, name))
                return
        new = self._draft.new(f"from {module} import {name}")
        key = self._section(module, 0), True, module
        above = [line for line in self._lines if self._key(line) <= key]
        if above:
            last = max(above, key=self._key)
            apart = self._key(last)[0] != key[0]
            self._draft.after(last, _apart(new) if apart else new)
        elif self._lines:
            first = min(self._lines, key=self._key)
            self._push_down(first, new, apart=self._key(first)[0] != key[0])
        else:
            self._begin(new)

    def _push_down(self, below: Statement, new: Statement, *, apart: bool) -> None:
        """Put a statement in the place of the one that then stands below it."""
        self._draft.before(below, new.with_changes(leading_lines=below.leading_lines))
        lines = [_BLANK] if apart else []
        self._draft.change(below, type(below), lambda old: old.with_changes(leading_lines=lines))

    def _begin(self, new: Statement) -> None:
        """Put the first import statement into the file."""
        first, *rest = self._draft.module.body
        if self._draft.module.get_docstring() is None:
            self._push_down(first, new, apart=True)
        else:
            self._draft.after(first, _apart(new))
            if rest and not rest[0].leading_lines:
                self._draft.change(rest[0], type(rest[0]), _apart)

    def _has_room(self, line: cst.SimpleStatementLine, module: str, name: str) -> bool:
        """Can the name be added to this `from module import`?"""
        statement = line.body[0]
        if not isinstance(statement, cst.ImportFrom) or isinstance(statement.names, cst.ImportStar):
            return False
        if statement.relative or statement.module is None or _dotted(statement.module) != module:
            return False
        place = self._draft.positions.range(statement)
        is_long = place.end.column + len(f", {name}") > _WIDEST
        return place.start.line != place.end.line or not is_long

    def _key(self, line: cst.SimpleStatementLine) -> Key:
        """How import statements are sorted: by section, `import` before `from`, by name."""
        match line.body[0]:
            case cst.ImportFrom(module=module, relative=dots):
                dotted = _dotted(module) if module else ""
                return self._section(dotted, len(dots)), True, dotted
            case cst.Import(names=[first, *_]):
                return self._section(_dotted(first.name), 0), False, _dotted(first.name)
        raise AssertionError("no import statement")

    def _section(self, module: str, level: int) -> int:
        linted = self._draft.model.linted
        if module == "__future__":
            return _FUTURE
        if not level and module.split(".")[0] in sys.stdlib_module_names:
            return _STANDARD
        is_own = level or linted.project.resolve(linted.path, module) is not None
        return _OWN if is_own else _OTHERS


def _apart(statement: Statement) -> Statement:
    return statement.with_changes(leading_lines=[_BLANK, *statement.leading_lines])


def _dotted(node: cst.CSTNode) -> str:
    return get_full_name_for_node_or_raise(node)


def _bound(line: cst.SimpleStatementLine) -> Iterator[tuple[str, str]]:
    """The names that an import statement binds, and what they mean; relative imports are left out."""
    match line.body[0]:
        case cst.ImportFrom(module=module, names=[*names], relative=[]) if module is not None:
            for alias in names:
                yield (
                    alias.evaluated_alias or alias.evaluated_name,
                    (f"{_dotted(module)}.{alias.evaluated_name}"),
                )
        case cst.Import(names=names):
            for alias in names:
                if alias.evaluated_alias:
                    yield alias.evaluated_alias, alias.evaluated_name
                elif "." not in alias.evaluated_name:
                    yield alias.evaluated_name, alias.evaluated_name


def _with_name(statement: cst.ImportFrom, name: str) -> cst.ImportFrom:
    """Add a name, at its place in the alphabet if the others are at theirs."""
    assert not isinstance(statement.names, cst.ImportStar)
    names = [*statement.names]
    taken = [alias.evaluated_name for alias in names]
    at = len(names)
    for key in (str, str.lower):
        if taken == sorted(taken, key=key):
            at = sum(key(other) < key(name) for other in taken)
            break
    new = cst.ImportAlias(cst.Name(name))
    comma = cst.Comma(whitespace_after=_space_between(statement, names))
    if at < len(names):
        names.insert(at, new.with_changes(comma=comma))
    else:
        names = [*names[:-1], names[-1].with_changes(comma=comma)]
        names.append(new.with_changes(comma=statement.names[-1].comma))
    return statement.with_changes(names=names)


def _space_between(
    statement: cst.ImportFrom, names: list[cst.ImportAlias]
) -> cst.BaseParenthesizableWhitespace:
    """The white space between two of the names, without a comment that may be in it."""
    first = names[0].comma
    space: cst.BaseParenthesizableWhitespace = cst.SimpleWhitespace(" ")
    if len(names) > 1 and isinstance(first, cst.Comma):
        space = first.whitespace_after
    elif statement.lpar is not None:
        before = statement.lpar.whitespace_after
        space = before if isinstance(before, cst.ParenthesizedWhitespace) else space
    if isinstance(space, cst.ParenthesizedWhitespace):
        return space.with_changes(first_line=cst.TrailingWhitespace(), empty_lines=[])
    return space
