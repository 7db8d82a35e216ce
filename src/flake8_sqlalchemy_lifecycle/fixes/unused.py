"""The imports that a fix leaves unused."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import libcst as cst

from ..model.imports import statements

if TYPE_CHECKING:
    from ..model.scopes import Module

_WORD = re.compile(r"\w+")


def without_imports(module: cst.Module, names: Collection[str], linted: Module) -> cst.Module:
    """Remove the imports of those names that neither the file uses now nor others take from it."""
    used = _used(ast.parse(module.code))
    unused = {name for name in names if name not in used and not _is_taken(name, linted)}
    return module.visit(_Remover(unused)) if unused else module


def _used(tree: ast.Module) -> set[str]:
    """The names that a file reads, and the words of its strings, which may be annotations or `__all__`."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.update(_WORD.findall(node.value))
    return found


def _is_taken(name: str, linted: Module) -> bool:
    """Does another file of the project import the name from this one?"""
    if os.path.basename(linted.path) == "__init__.py":
        return True
    for path in _python_files(linted.project.root):
        source = linted.project.source(path) if path != linted.path else None
        if source is not None and name in source.text:
            for dotted, level, names in statements(source.text):
                if name in names or not names:
                    if linted.project.resolve(path, dotted, level) == linted.path:
                        return True
    return False


def _python_files(root: str) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name[0] != "." and name not in _NEVER]
        yield from (os.path.join(folder, name) for name in files if name.endswith(".py"))


_NEVER = {"__pycache__", "node_modules", "site-packages"}


class _Remover(cst.CSTTransformer):
    """Removes names from the import statements at the top of a file that carry no comment."""

    def __init__(self, unused: set[str]) -> None:
        super().__init__()
        self._unused = unused

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:  # noqa: ARG002, N802
        return False

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:  # noqa: ARG002, N802
        return False

    def leave_SimpleStatementLine(  # noqa: N802
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.BaseStatement | cst.RemovalSentinel:
        match original_node.body:
            case [cst.Import(names=[*names])] | [cst.ImportFrom(names=[*names])]:
                kept = [alias for alias in names if self._name(alias) not in self._unused]
            case _:
                return updated_node
        if len(kept) == len(names) or "#" in cst.Module([original_node]).code:
            return updated_node
        if not kept:
            return cst.RemoveFromParent()
        if names[-1] is not kept[-1]:
            kept[-1] = kept[-1].with_changes(comma=names[-1].comma)
        return updated_node.with_changes(body=[original_node.body[0].with_changes(names=kept)])

    def _name(self, alias: cst.ImportAlias) -> str:
        return alias.evaluated_alias or alias.evaluated_name.split(".")[0]
