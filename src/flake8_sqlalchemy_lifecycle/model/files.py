"""The files of the linted project: where they begin, what a folder holds, what a file says.

Nothing outside the root is read, not even through a symlink, and a folder is listed only once.
"""

from __future__ import annotations

import functools
import io
import os
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field

_LARGEST_FILE = 4 * 1024 * 1024
_DEEPEST_FOLDER = 64

_INSTALLED = frozenset({"site-packages", "dist-packages", "node_modules", "__pycache__"})
_REPOSITORY = (".git", ".hg")
_MARKERS = ("pyproject.toml", "setup.cfg", "setup.py", "requirements.txt")


@dataclass(frozen=True, slots=True)
class Source:
    """The text of one file, with `\\n` at the end of its lines."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Folder:
    """What a folder holds: its Python files, and where each of its folders really is."""

    real: str = ""
    files: frozenset[str] = frozenset()
    folders: dict[str, str] = field(default_factory=dict)


ABSENT = Folder()


class Files:
    """The files below `root`. Paths are absolute and normalised."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._real_root = os.path.realpath(root)
        self._folders: dict[str, Folder] = {}
        self._edits: dict[str, str] = {}
        self._new: dict[str, set[str]] = {}  # folder → edited files that the disk lacks

    def edit(self, path: str, text: str) -> None:
        """Lets the unsaved `text` stand for the file, whether the disk has it or not."""
        if not self.holds(path):
            folder, name = os.path.split(path)
            self._new.setdefault(folder, set()).add(name)
            self._folders.pop(folder, None)
        self._edits[path] = text

    def read(self, path: str) -> str | None:
        """The file's text as Python decodes it; None if Python cannot, or if it is over 4 MiB."""
        try:
            if path in self._edits:
                data = self._edits[path].removeprefix("\ufeff").encode()
            elif self.holds(path):
                with open(path, "rb") as file:
                    data = file.read(_LARGEST_FILE + 1)
            else:
                return None
            if len(data) > _LARGEST_FILE or b"\0" in data:
                return None
            return _newlines(data.decode("utf-8" if path in self._edits else _encoding(data)))
        except (OSError, SyntaxError, LookupError, ValueError):
            return None

    def holds(self, path: str) -> bool:
        """Whether `path` is one of the project's Python files."""
        folder, name = os.path.split(path)
        return name in self.folder(folder).files

    def folder(self, path: str) -> Folder:
        """What the folder holds: nothing if it lies, or leads, outside the root."""
        folder = self._folders.get(path)
        if folder is None:
            folder = self._folders[path] = self._list(path)
        return folder

    def below(self, path: str) -> Iterator[str]:
        """The Python files in the folder and in those below it, but for hidden and installed ones."""
        folder = self.folder(path)
        yield from (os.path.join(path, name) for name in folder.files)
        for name in folder.folders:
            if not name.startswith(".") and name not in _INSTALLED:
                yield from self.below(os.path.join(path, name))

    def is_installed(self, path: str) -> bool:
        """Whether the file lies in a folder of the project for code that was installed there: somebody else's."""
        below = path[len(self.root) :] if within(path, self.root) else ""
        return not _INSTALLED.isdisjoint(below.split(os.sep))

    def depth(self, path: str) -> int:
        """How far below the root the folder is; -1 outside of it, and too far below."""
        if not within(path, self.root):
            return -1
        depth = path.rstrip(os.sep).count(os.sep) - self.root.rstrip(os.sep).count(os.sep)
        return depth if depth <= _DEEPEST_FOLDER else -1

    def _list(self, path: str) -> Folder:
        real = self._real_root
        if path != self.root:
            parent, name = os.path.split(path)
            real = self.folder(parent).folders.get(name, "") if self.depth(path) > 0 else ""
        if not real:
            return ABSENT
        files = set(self._new.get(path, ()))
        folders = {}
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    target = os.path.join(real, entry.name)
                    if entry.is_symlink():
                        target = os.path.realpath(target)
                        if not within(target, self._real_root) or self._returns(path, real, target):
                            continue
                    if entry.is_dir():
                        folders[entry.name] = target
                    elif entry.name.endswith(".py") and entry.is_file():
                        files.add(entry.name)
        except OSError:
            pass  # what cannot be listed is not there
        return Folder(real, frozenset(files), folders)

    def _returns(self, path: str, real: str, target: str) -> bool:
        """Whether a link in the folder `path` leads back to a folder that is above it."""
        while real != target and path != self.root:
            path = os.path.dirname(path)
            real = self.folder(path).real
        return real == target


def find_root(path: str) -> str:
    """The root of the project that the file or folder `path` belongs to."""
    path = os.path.abspath(path)
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    marked = _marked_root(folder)
    if marked is not None:
        return marked
    here = os.getcwd()
    if within(path, here):
        return here
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        folder = os.path.dirname(folder)
    return folder


@functools.cache
def _marked_root(folder: str) -> str | None:
    """The nearest repository around the folder, else the outermost folder with a marker."""
    outermost = None
    while True:
        if any(os.path.exists(os.path.join(folder, name)) for name in _REPOSITORY):
            return folder
        if any(os.path.isfile(os.path.join(folder, name)) for name in _MARKERS):
            outermost = folder
        if folder == os.path.dirname(folder):
            return outermost
        folder = os.path.dirname(folder)


def within(path: str, folder: str) -> bool:
    """Whether `path` is the folder or lies below it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _encoding(data: bytes) -> str:
    head = data[: data.find(b"\n", data.find(b"\n") + 1)]
    if b"coding" not in head and not data.startswith(b"\xef\xbb\xbf"):
        return "utf-8"
    return tokenize.detect_encoding(io.BytesIO(data).readline)[0]


def _newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
