"""The linted project: its modules, and which of its files an import leads to.

Everything is lazy and cached. Nothing is imported and `sys.path` is never asked, so the answers are
the same on every machine.
"""

from __future__ import annotations

import ast
import functools
import os
import re
import sys
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING

from .files import ABSENT, Files, Source, find_root
from .import_graph import ImportGraph
from .imports import statements
from .outline import Outline

if TYPE_CHECKING:
    from .scopes import Module
    from .trails import Trails
    from .values import Frame, Values
    from .versions import Declared

__all__ = ["Project", "Source", "find_root"]

_WORD = re.compile(r"\w+")
_WIDEST_NAMESPACE = 256
_MOST_REMEMBERED = 4_000_000  # paths in all closures: 32 MB


class Project:
    """All files below `root`. Paths, in and out, are absolute and normalised."""

    def __init__(
        self,
        root: str,
        source_roots: tuple[str, ...] = (),
        target_versions: tuple[str, ...] = (),
    ) -> None:
        """`source_roots`: more folders, relative to the root, where absolute imports may start.

        `target_versions`: requirements (`sqlalchemy>=2.0`) that win over what the project declares.
        """
        self.root = os.path.abspath(root)
        self._files = Files(self.root)
        self._source_roots = tuple(
            os.path.normpath(os.path.join(self.root, folder)) for folder in source_roots
        )
        self._target_versions = target_versions
        self._sources: dict[str, Source | None] = {}
        self._identifiers: dict[str, frozenset[str]] = {}
        self._outlines: dict[str, Outline] = {}
        self._forget()

    def _forget(self) -> None:
        self._modules: dict[str, Module | None] = {}
        self._roots: dict[str, tuple[str, ...]] = {}
        self._ways: dict[tuple[str, str, int], tuple[str, ...]] = {}
        self._imports: dict[str, tuple[str, ...]] = {}
        self.graph = ImportGraph(self)
        self.trails: dict[tuple[str, ...], Trails] = {}
        self.facts: dict[tuple[ast.AST, Frame], Values] = {}
        self.returned: dict[Frame, Values] = {}
        self._closures: dict[str, tuple[str, ...]] = {}
        self._remembered = 0
        self.reached: dict[str, frozenset[ast.AST]] = {}
        self.expired: dict[str, frozenset[ast.AST]] = {}
        self.__dict__.pop("files", None)

    def display(self, path: str) -> str:
        """`path` as messages show it: relative to the root, with slashes."""
        return path.removeprefix(self.root.rstrip(os.sep) + os.sep).replace(os.sep, "/")

    def declared(self, path: str) -> Declared:
        """The versions that the project declares of its libraries, as they hold for the file."""
        from .versions import declared_for

        return declared_for(path, self.root, self._target_versions)

    def source(self, path: str) -> Source | None:
        """The file's text; None if it is not the project's, not readable, or over 4 MiB."""
        if path not in self._sources:
            text = self._files.read(path)
            self._sources[path] = None if text is None else Source(path, text)
        return self._sources[path]

    def is_installed(self, path: str) -> bool:
        """Is the file in a folder like `site-packages` below the root, and so not the project's own?"""
        return self._files.is_installed(path)

    def around(self, path: str) -> tuple[str, ...]:
        """The Python files beside a file, and those in the folders above it up to the root, from near to far."""
        found = []
        folder = os.path.dirname(path)
        for _ in range(self._files.depth(path)):
            names = sorted(self._files.folder(folder).files)
            found += [os.path.join(folder, name) for name in names if name.endswith(".py")]
            folder = os.path.dirname(folder)
        return tuple(file for file in found if file != path)

    @functools.cached_property
    def files(self) -> tuple[str, ...]:
        """All Python files of the project, for what no import leads to; not what is installed there."""
        return tuple(sorted(self._files.below(self.root)))

    def identifiers(self, path: str) -> frozenset[str]:
        """All words of the file's text, its comments' and strings' too; cached."""
        if path not in self._identifiers:
            source = self.source(path)
            self._identifiers[path] = frozenset(_WORD.findall(source.text) if source else ())
        return self._identifiers[path]

    def outline(self, path: str) -> Outline:
        """Who uses which name in the file, by its text; cached."""
        if path not in self._outlines:
            source = self.source(path)
            self._outlines[path] = Outline(source.text if source else "")
        return self._outlines[path]

    def edit(self, path: str, text: str) -> None:
        """Lets the unsaved `text` stand for the file, whether the disk has it or not."""
        new = not self._files.holds(path)
        read = path in self._sources
        before = self._sources.pop(path, None)
        self._identifiers.pop(path, None)
        self._outlines.pop(path, None)
        self._files.edit(path, text)
        if new or (read and self.source(path) != before):
            self._forget()

    def module(self, path: str, tree: ast.Module | None = None) -> Module | None:
        """The parsed file; None if it cannot be read or parsed. `tree` spares the parsing."""
        if path not in self._modules:
            self._modules[path] = self._parse(path, tree)
        return self._modules[path]

    def _parse(self, path: str, tree: ast.Module | None) -> Module | None:
        from .scopes import Module

        source = self.source(path)
        if source is None:
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return Module(self, source, tree or ast.parse(source.text))
        except (SyntaxError, UnicodeError, RecursionError, MemoryError):
            return None

    def resolve(self, importer: str, dotted: str, level: int = 0) -> str | None:
        """The file that `importer` gets by `import dotted`, or the folder of a namespace package.

        `level` counts the dots before the name. None if it is no other module of this project.
        """
        way = self._way(importer, dotted, level)
        return way[-1] if way and way[-1] != importer else None

    def imported(self, path: str) -> tuple[str, ...]:
        """The project's files that the file itself imports, in the order of its text."""
        if path not in self._imports:
            source = self.source(path)
            found: dict[str, None] = {}
            for dotted, level, names in statements(source.text) if source else ():
                found.update(dict.fromkeys(self.loads(path, dotted, level, names)))
            self._imports[path] = tuple(found)
        return self._imports[path]

    def loads(self, path: str, dotted: str, level: int, names: Iterable[str]) -> tuple[str, ...]:
        """The project's files that an import statement of the file loads; `names` are what it takes from the module."""
        way = self._way(path, dotted, level)
        found = dict.fromkeys(way)
        if way and not _is_plain_module(way[-1]):
            for name in names:
                below = self._way(path, f"{dotted}.{name}" if dotted else name, level)
                found.update(dict.fromkeys(below))
        return tuple(file for file in found if file.endswith(".py") and file != path)

    def closure(self, path: str) -> tuple[str, ...]:
        """The file itself, then all files that it reaches by imports, sorted."""
        if path not in self._closures:
            reached = {path}
            covered: set[str] = set()  # by closures that are known already
            waiting = [path]
            while waiting:
                file = waiting.pop()
                if file in self._closures:
                    if file not in covered:
                        covered.update(self._closures[file])
                elif file not in covered:
                    new = [other for other in self.imported(file) if other not in reached]
                    reached.update(new)
                    waiting += new
            closure = (path, *sorted((reached | covered) - {path}))
            self._remembered += len(closure)
            if self._remembered > _MOST_REMEMBERED:
                self._closures.clear()
                self._remembered = len(closure)
            self._closures[path] = closure
        return self._closures[path]

    def saying(self, path: str, *words: str) -> tuple[str, ...]:
        """The file itself, then the others that it reaches, of which the text holds one of the words; sorted."""
        found = self.graph.saying(path, words)
        own = (path,) if path in found else ()
        return (*own, *sorted(found - {path}))

    def closure_says(self, path: str, *words: str) -> bool:
        """Does the text of the file, or of one that it reaches by imports, hold one of the words?"""
        return bool(self.graph.saying(path, words))

    def _way(self, importer: str, dotted: str, level: int) -> tuple[str, ...]:
        """The packages on the way to the module, and the module; () if it does not lead there."""
        key = importer, dotted, level
        if key not in self._ways:
            parts = dotted.split(".") if dotted else []
            if not all(parts):
                self._ways[key] = ()
            elif level:
                self._ways[key] = self._relative(importer, parts, level)
            elif parts and parts[0] not in _foreign():
                self._ways[key] = self._absolute(importer, parts)
            else:
                self._ways[key] = ()
        return self._ways[key]

    def _relative(self, importer: str, parts: list[str], level: int) -> tuple[str, ...]:
        path = os.path.dirname(importer)
        if level - 1 > self._files.depth(path):
            return ()
        for _ in range(level - 1):
            path = os.path.dirname(path)
        package = self._files.folder(path)
        if package is ABSENT:
            return ()
        first = os.path.join(path, "__init__.py") if "__init__.py" in package.files else path
        way = self._descend(path, parts)
        return (first, *way) if len(way) == len(parts) else ()

    def _absolute(self, importer: str, parts: list[str]) -> tuple[str, ...]:
        namespace: tuple[str, ...] = ()
        for root in self._import_roots(os.path.dirname(importer)):
            way = self._descend(root, parts)
            if not way or way == (importer,):
                continue
            whole = len(way) == len(parts)
            if way[0].endswith(".py"):  # like Python, what is found first hides its namesakes
                return way if whole else ()
            if whole and way[-1].endswith(".py"):
                return way
            if whole and not namespace and self._holds_python(way[-1]):
                namespace = way
        return (
            self._from_distribution(importer, parts)
            or namespace
            or self._from_inside(importer, parts)
        )

    def _from_distribution(self, importer: str, parts: list[str]) -> tuple[str, ...]:
        """The way of `shared.db` to `shared/shared/db.py`: a package that is installed from a folder of its name."""
        name = parts[0]
        for root in self._import_roots(os.path.dirname(importer)):
            around = os.path.join(root, name)
            if name not in self._files.folder(root).folders:
                continue
            for folder in (around, os.path.join(around, "src")):
                if name in self._files.folder(folder).folders:
                    way = self._descend(folder, parts)
                    if (
                        len(way) == len(parts)
                        and way[0].endswith(".py")
                        and way[-1].endswith(".py")
                    ):
                        return way
        return ()

    def _from_inside(self, importer: str, parts: list[str]) -> tuple[str, ...]:
        """The way of `core.db` for a program that runs inside its package: `cd app && uvicorn main:app`.

        One word alone would rather be a library's, but for a module that says all names which are imported from it.
        The farthest folder counts, where programs start.
        """
        found: tuple[str, ...] = ()
        path = os.path.dirname(importer)
        while path != self.root and "__init__.py" in self._files.folder(path).files:
            way = self._descend(path, parts)
            if len(way) == len(parts) and way[-1].endswith(".py"):
                if len(parts) > 1 or self._gives_its_names(importer, parts[0], way[0]):
                    found = way
            path = os.path.dirname(path)
        return found

    def _gives_its_names(self, importer: str, word: str, file: str) -> bool:
        source = self.source(importer)
        wanted = {
            name
            for dotted, level, names in (statements(source.text) if source else ())
            if dotted == word and not level
            for name in names
        }
        return bool(wanted) and wanted <= self.identifiers(file)

    def _descend(self, path: str, parts: list[str]) -> tuple[str, ...]:
        """The file, or namespace folder, of each part below the folder, as far as there are any."""
        way = []
        for part in parts:
            folder = self._files.folder(path)
            path = os.path.join(path, part)
            if part in folder.folders and "__init__.py" in self._files.folder(path).files:
                way.append(os.path.join(path, "__init__.py"))
            elif f"{part}.py" in folder.files:
                way.append(f"{path}.py")
                break
            elif part in folder.folders:
                way.append(path)
            else:
                break
        return tuple(way)

    def _holds_python(self, path: str) -> bool:
        folder = self._files.folder(path)
        below = sorted(folder.folders)[:_WIDEST_NAMESPACE]
        return bool(folder.files) or any(
            self._files.folder(os.path.join(path, name)).files for name in below
        )

    def _import_roots(self, folder: str) -> tuple[str, ...]:
        """Where absolute imports of the files in `folder` may start, from near to far."""
        if folder not in self._roots:
            path = folder
            while path != self.root and "__init__.py" in self._files.folder(path).files:
                path = os.path.dirname(path)
            roots = []
            for _ in range(self._files.depth(path) + 1):
                roots.append(path)
                if "src" in self._files.folder(path).folders:
                    roots.append(os.path.join(path, "src"))
                path = os.path.dirname(path)
            self._roots[folder] = tuple(dict.fromkeys((*roots, *self._source_roots)))
        return self._roots[folder]


def _is_plain_module(path: str) -> bool:
    return path.endswith(".py") and os.path.basename(path) != "__init__.py"


@functools.cache
def _foreign() -> frozenset[str]:
    """The packages that are never the project's own, whatever it calls its folders."""
    from .knowledge import LIBRARIES

    return LIBRARIES | sys.stdlib_module_names
