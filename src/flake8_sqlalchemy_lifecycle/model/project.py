"""The linted project: which files it has, what is in them, and which of them a file imports.

Everything is lazy and cached: a folder is listed once, a file read once. Nothing is imported, `sys.path` is never
asked, and nothing outside the project root is read, not even through a symlink.
"""

from __future__ import annotations

import ast
import functools
import io
import os
import re
import sys
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .scopes import Module
    from .versions import Declared

_LARGEST_FILE = 4 * 1024 * 1024
_DEEPEST_FOLDER = 64
_WIDEST_NAMESPACE = 256

_REPOSITORY = (".git", ".hg")
_MARKERS = ("pyproject.toml", "setup.cfg", "setup.py", "requirements.txt")

# Import statements, wherever they stand. Names are captured by a look-ahead, so that a text that only resembles an
# import never hides a real one behind it; repetitions are possessive or bounded, so that no text takes quadratic time.
_SPACE = r"(?:[ \t\f]|\\\n)*+"
_DOTTED = rf"\w++(?:{_SPACE}\.{_SPACE}\w++){{0,64}}+"
_ALIASED = rf"{_DOTTED}{_SPACE}(?:as\b{_SPACE}\w++{_SPACE})?"
_NAMES = rf"{_ALIASED}(?:,{_SPACE}{_ALIASED})*+"
_IMPORT = re.compile(
    rf"from(?<![\w.]from){_SPACE}((?:\.{_SPACE})*+)((?:{_DOTTED})?){_SPACE}import\b"
    rf"(?={_SPACE}(?:\(((?:[\w\s,\\]++|\#.{{0,512}}+){{0,512}}+)|({_NAMES})|\*))"
    rf"|import(?<![\w.]import)\b(?={_SPACE}({_NAMES}))"
)
_COMMENT = re.compile(r"#.*")


@dataclass(frozen=True, slots=True)
class Source:
    """The text of one file, with `\\n` at the end of its lines."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class _Folder:
    """What a folder holds: its Python files, and its folders with the place where each really is."""

    real: str = ""
    files: frozenset[str] = frozenset()
    folders: dict[str, str] | None = None


_ABSENT = _Folder()


class Project:
    """All files below `root`. Paths, in and out, are absolute and normalised."""

    def __init__(
        self,
        root: str,
        source_roots: tuple[str, ...] = (),
        target_versions: tuple[str, ...] = (),
    ) -> None:
        self.root = os.path.abspath(root)
        self._real_root = os.path.realpath(self.root)
        self._source_roots = tuple(
            os.path.normpath(os.path.join(self.root, folder)) for folder in source_roots
        )
        self._target_versions = target_versions
        self._edits: dict[str, str] = {}
        self._forget()

    def _forget(self) -> None:
        self._folders: dict[str, _Folder] = {}
        self._sources: dict[str, Source | None] = {}
        self._modules: dict[str, Module | None] = {}
        self._roots: dict[str, tuple[str, ...]] = {}
        self._ways: dict[tuple[str, str, int], tuple[str, ...]] = {}
        self._imports: dict[str, tuple[str, ...]] = {}
        self._closures: dict[str, tuple[str, ...]] = {}

    def display(self, path: str) -> str:
        """`path` as the user writes it: relative to the root, with slashes."""
        return path.removeprefix(self.root.rstrip(os.sep) + os.sep).replace(os.sep, "/")

    def declared(self, path: str) -> Declared:
        """The versions of its libraries that the project declares for the file `path`."""
        from .versions import declared_for

        return declared_for(path, self.root, self._target_versions)

    # Files

    def source(self, path: str) -> Source | None:
        """The file's text; None where Python could not read it either, or it is too large to be hand-written."""
        if path not in self._sources:
            text = self._edits[path] if path in self._edits else self._read(path)
            self._sources[path] = None if text is None else Source(path, text)
        return self._sources[path]

    def edit(self, path: str, text: str) -> None:
        """Lets the unsaved `text` stand for the file, whether it is on the disk or not."""
        text = _newlines(text.removeprefix("\ufeff"))
        known = self._sources.get(path)
        if known is not None and known.text == text:
            return
        if path in self._sources or not self._is_file(path):
            self._forget()
        self._edits[path] = text

    def _read(self, path: str) -> str | None:
        if not self._is_file(path):
            return None
        try:
            with open(path, "rb") as file:
                data = file.read(_LARGEST_FILE + 1)
            return None if len(data) > _LARGEST_FILE or b"\0" in data else _decode(data)
        except (OSError, SyntaxError, LookupError, ValueError):
            return None

    def _is_file(self, path: str) -> bool:
        folder, name = os.path.split(path)
        return name in self._folder(folder).files

    def _folder(self, path: str) -> _Folder:
        """What the folder holds; nothing if it is outside the root, or leads out of it, or back into itself."""
        folder = self._folders.get(path)
        if folder is None:
            folder = self._folders[path] = self._list(path)
        return folder

    def _list(self, path: str) -> _Folder:
        if path == self.root:
            real = self._real_root
        elif self._depth(path) <= _DEEPEST_FOLDER:
            parent, name = os.path.split(path)
            real = (self._folder(parent).folders or {}).get(name, "")
        else:
            real = ""
        if not real:
            return _ABSENT
        files, folders = set(), {}
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    name = entry.name
                    target = os.path.join(real, name)
                    if entry.is_symlink():
                        target = os.path.realpath(target)
                        if not _within(target, self._real_root):
                            continue
                    if entry.is_dir():
                        if not (entry.is_symlink() and self._returns(path, real, target)):
                            folders[name] = target
                    elif name.endswith(".py") and entry.is_file():
                        files.add(name)
        except OSError:
            pass
        for edited in self._edits:
            if os.path.dirname(edited) == path:
                files.add(os.path.basename(edited))
        return _Folder(real, frozenset(files), folders)

    def _returns(self, path: str, real: str, target: str) -> bool:
        """Whether a link in the folder `path` leads to a folder that the path to it went through already."""
        while real != target and path != self.root:
            path = os.path.dirname(path)
            real = self._folder(path).real
        return real == target

    def _depth(self, path: str) -> int:
        """How many folders below the root; more than any where the path is not below it."""
        if not _within(path, self.root):
            return _DEEPEST_FOLDER + 1
        return path.count(os.sep) - self.root.rstrip(os.sep).count(os.sep)

    # Modules

    def module(self, path: str, tree: ast.Module | None = None) -> Module | None:
        """The parsed file; None if it cannot be read or parsed. `tree` spares the parsing."""
        if path not in self._modules:
            from .scopes import Module

            source = self.source(path)
            if source is not None and tree is None:
                tree = _parse(source.text)
            known = source is not None and tree is not None
            self._modules[path] = Module(self, source, tree) if known else None
        return self._modules[path]

    def resolve(self, importer: str, dotted: str, level: int = 0) -> str | None:
        """The file that `importer` gets for `import dotted` (`level`: the dots before it); a namespace package's folder.

        None when it is no module of this project.
        """
        way = self._way(importer, dotted, level)
        return way[-1] if way and way[-1] != importer else None

    def _way(self, importer: str, dotted: str, level: int) -> tuple[str, ...]:
        """Each package on the way to the module, and the module; () if it does not lead there."""
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
        package = os.path.dirname(importer)
        for _ in range(min(level - 1, _DEEPEST_FOLDER + 1)):
            package = os.path.dirname(package)
        folder = self._folder(package)
        if folder is _ABSENT:
            return ()
        first = os.path.join(package, "__init__.py") if "__init__.py" in folder.files else package
        way = self._descend(package, parts)
        return (first, *way) if len(way) == len(parts) else ()

    def _absolute(self, importer: str, parts: list[str]) -> tuple[str, ...]:
        namespace: tuple[str, ...] = ()
        for root in self._import_roots(os.path.dirname(importer)):
            way = self._descend(root, parts)
            if not way or way == (importer,):
                continue
            whole = len(way) == len(parts)
            if way[0].endswith(".py"):  # a package that is found hides its namesakes, whole or not
                return way if whole else ()
            if whole and way[-1].endswith(".py"):
                return way
            if whole and not namespace and self._holds_python(way[-1]):
                namespace = way
        return namespace

    def _descend(self, path: str, parts: list[str]) -> tuple[str, ...]:
        """The file, or namespace folder, of each part below the folder `path`, as far as there are any."""
        way: list[str] = []
        for part in parts:
            folder = self._folder(path)
            path = os.path.join(path, part)
            is_folder = part in (folder.folders or {})
            if is_folder and "__init__.py" in self._folder(path).files:
                way.append(os.path.join(path, "__init__.py"))
            elif f"{part}.py" in folder.files:
                way.append(f"{path}.py")
                break
            elif is_folder:
                way.append(path)
            else:
                break
        return tuple(way)

    def _holds_python(self, path: str) -> bool:
        folder = self._folder(path)
        below = sorted(folder.folders or {})[:_WIDEST_NAMESPACE]
        return bool(folder.files) or any(
            self._folder(os.path.join(path, name)).files for name in below
        )

    def _import_roots(self, folder: str) -> tuple[str, ...]:
        """Where absolute imports of the files in `folder` may start, from near to far."""
        if folder not in self._roots:
            roots: dict[str, None] = {}
            path = folder
            while path != self.root and "__init__.py" in self._folder(path).files:
                path = os.path.dirname(path)
            for _ in range(self._depth(path) + 1 if _within(path, self.root) else 0):
                roots[path] = None
                if "src" in (self._folder(path).folders or {}):
                    roots[os.path.join(path, "src")] = None
                path = os.path.dirname(path)
            self._roots[folder] = (*roots, *(r for r in self._source_roots if r not in roots))
        return self._roots[folder]

    # Imports

    def imported(self, path: str) -> tuple[str, ...]:
        """The project's files that the file imports itself, anywhere in it, in the order of its text."""
        if path not in self._imports:
            source = self.source(path)
            found: dict[str, None] = {}
            for dotted, level, names in _imports(source.text if source else ""):
                way = self._way(path, dotted, level)
                found.update(dict.fromkeys(way))
                if way and (way[-1].endswith("__init__.py") or not way[-1].endswith(".py")):
                    for name in names:
                        below = f"{dotted}.{name}" if dotted else name
                        found.update(dict.fromkeys(self._way(path, below, level)))
            found.pop(path, None)
            self._imports[path] = tuple(file for file in found if file.endswith(".py"))
        return self._imports[path]

    def closure(self, path: str) -> tuple[str, ...]:
        """The file itself, then all files that it reaches by imports, sorted."""
        if path not in self._closures:
            reached = {path}
            waiting = [path]
            covered: set[str] = set()
            while waiting:
                file = waiting.pop()
                if file in covered:
                    continue
                if file in self._closures:
                    covered.update(self._closures[file])
                else:
                    new = [other for other in self.imported(file) if other not in reached]
                    reached.update(new)
                    waiting += new
            reached |= covered
            reached.discard(path)
            self._closures[path] = (path, *sorted(reached))
        return self._closures[path]


def find_root(path: str) -> str:
    """The root of the project that the file or folder `path` belongs to."""
    path = os.path.abspath(path)
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    marked = _marked_root(folder)
    if marked is not None:
        return marked
    here = os.getcwd()
    if _within(path, here):
        return here
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        folder = os.path.dirname(folder)
    return folder


@functools.cache
def _marked_root(folder: str) -> str | None:
    outermost = None
    while True:
        if any(os.path.exists(os.path.join(folder, name)) for name in _REPOSITORY):
            return folder
        if any(os.path.isfile(os.path.join(folder, name)) for name in _MARKERS):
            outermost = folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return outermost
        folder = parent


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


@functools.cache
def _foreign() -> frozenset[str]:
    """Names of packages that are never the project's own."""
    from .knowledge import LIBRARIES

    return LIBRARIES | sys.stdlib_module_names


def _decode(data: bytes) -> str:
    head = data[: data.find(b"\n", data.find(b"\n") + 1)]
    encoding = "utf-8"
    if b"coding" in head or data.startswith(b"\xef\xbb\xbf"):
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return _newlines(data.decode(encoding))


def _newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _parse(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _imports(text: str) -> Iterator[tuple[str, int, list[str]]]:
    """Each imported module of the text: its dotted name, the dots before it, and the names taken from it."""
    for match in _IMPORT.finditer(text):
        dots, dotted, several, few, plain = match.groups()
        if plain is not None:
            for name in _split(plain):
                yield name, 0, []
        else:
            yield _join(dotted), dots.count("."), _split(several or few or "")


def _split(names: str) -> list[str]:
    if "#" in names:
        names = _COMMENT.sub("", names)
    return [name for part in names.split(",") if (name := _join(part))]


def _join(part: str) -> str:
    """A dotted name without the white space in it, or the alias behind it."""
    words = part.replace("\\\n", " ").split()
    return "".join(words[: words.index("as")] if "as" in words else words)
