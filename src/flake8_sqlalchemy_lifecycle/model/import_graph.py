"""The files of a project in groups that import each other, and which files with a word a file reaches.

To ask every file of a closure for every linted file would cost the square of the project's size. What a file reaches
is what its group reaches, and that is put together from what the imported groups reach: each file's text is searched
once for some words, however many files ask.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .project import Project

Words = tuple[str, ...]


class ImportGraph:
    """Groups are numbered so that a group imports only groups with smaller numbers, itself aside."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._number: dict[str, int] = {}
        self._groups: list[tuple[list[str], list[int]]] = []
        self._saying: dict[Words, list[frozenset[str]]] = {}

    def groups(self, path: str) -> Iterator[list[str]]:
        """The groups up to the one that the file is in: all that it reaches are among them, imported ones first."""
        return (files for files, _ in self._groups[: self._number_of(path) + 1])

    def saying(self, path: str, words: Words) -> frozenset[str]:
        """The files whose text holds one of the words, among the file and all that it reaches."""
        number = self._number_of(path)
        answers = self._saying.setdefault(words, [])
        for files, imported in self._groups[len(answers) : number + 1]:
            own = frozenset(file for file in files if self._says(file, words))
            found = max((answers[other] for other in imported), key=len, default=own)
            parts = [own, *(answers[other] for other in imported)]
            if not all(part <= found for part in parts):
                found = frozenset().union(*parts)
            answers.append(found)
        return answers[number]

    def _says(self, file: str, words: Words) -> bool:
        source = self._project.source(file)
        return source is not None and any(word in source.text for word in words)

    def _number_of(self, path: str) -> int:
        if path not in self._number:
            self._add(path)
        return self._number[path]

    def _add(self, start: str) -> None:
        """Number the groups of what `start` reaches (Tarjan's strongly connected components, without recursion)."""
        imports_of = self._project.imported
        index: dict[str, int] = {start: 0}
        low: dict[str, int] = {start: 0}
        stack: list[str] = [start]
        on_stack: set[str] = {start}
        work: list[tuple[str, Iterator[str]]] = [(start, iter(imports_of(start)))]
        while work:
            file, imports = work[-1]
            for other in imports:
                if other in self._number:
                    continue
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    on_stack.add(other)
                    work.append((other, iter(imports_of(other))))
                    break
                if other in on_stack:
                    low[file] = min(low[file], index[other])
            else:
                work.pop()
                if work:
                    importer = work[-1][0]
                    low[importer] = min(low[importer], low[file])
                if low[file] == index[file]:
                    at = stack.index(file)
                    group = sorted(stack[at:])
                    del stack[at:]
                    on_stack.difference_update(group)
                    self._close(group)

    def _close(self, group: list[str]) -> None:
        number = len(self._groups)
        self._number.update(dict.fromkeys(group, number))
        imported = {self._number[other] for file in group for other in self._project.imported(file)}
        self._groups.append((group, sorted(imported - {number})))
