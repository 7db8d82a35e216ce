"""The files of a project in groups that import each other, and which files with a word a file reaches.

To ask every file of a closure for every linted file would cost the square of the project's size. What a file reaches
is what its group reaches, and that is put together from what the imported groups reach: each file's text is searched
once for some words, however many files ask.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
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
        self._saying: dict[Words, dict[int, frozenset[str]]] = {}

    def groups(self, path: str, done: Container[str]) -> Iterator[list[str]]:
        """The groups that the file reaches, imported ones first, but for those whose files are done."""
        number = self._number_of(path)
        for each in self._reached(number, lambda other: self._groups[other][0][0] in done):
            yield self._groups[each][0]

    def saying(self, path: str, words: Words) -> frozenset[str]:
        """The files whose text holds one of the words, among the file and all that it reaches."""
        number = self._number_of(path)
        answers = self._saying.setdefault(words, {})
        if number not in answers:
            for each in self._reached(number, answers.__contains__):
                files, imported = self._groups[each]
                own = frozenset(file for file in files if self._says(file, words))
                parts = [own, *(answers[other] for other in imported)]
                largest = max(parts, key=len)  # shared, where nothing is added
                covered = all(part <= largest for part in parts)
                answers[each] = largest if covered else frozenset().union(*parts)
        return answers[number]

    def _reached(self, start: int, is_done: Callable[[int], bool]) -> list[int]:
        """The groups that a group reaches, itself included, without those that are done and what they reach."""
        found: set[int] = set()
        waiting = [start]
        while waiting:
            number = waiting.pop()
            if number not in found and not is_done(number):
                found.add(number)
                waiting += self._groups[number][1]
        return sorted(found)

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
