"""A sieve for the call graph: the names through which code can get to a kind of place at all.

Following every call of every handler would read the whole application for each file. Few functions lead to, say, the
creation of an engine; whoever gets there must spell one of their names. So the names are collected backwards from the
places, by words alone, and the model looks only at calls that use one. The sieve may let through too much, never too
little (but for code that is farther away than the nearest few hundred names): what it lets through is then followed
exactly.

What a file may spell depends on the files that it imports and on nothing else: names go up the import graph, and files
that import each other share theirs.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator

from .project import Project
from .scopes import Block, Module

_MOST_NAMES = 600
EVERY_NAME = 1 << 20  # for questions where a lost name would make a wrong finding, not a missed one
_FARTHEST = 1 << 30
Distances = dict[str, int]


class Trails:
    """The names that lead to places whose code holds one of `words`, for each file.

    With `results` also those that hold what such a call gives: `engine` of `engine = create_engine(…)`.
    `starts` narrows the places down: it yields the functions of a module from which the trails set out; `says`, asked
    before, tells by a file's text whether there can be any. Where more than `most` names lead to the places, the
    nearest are kept.
    """

    def __init__(
        self,
        project: Project,
        words: tuple[str, ...],
        results: bool = False,
        starts: Callable[[Module], Iterator[Block]] | None = None,
        most: int = _MOST_NAMES,
        says: Callable[[str], bool] | None = None,
    ) -> None:
        self._project = project
        self._words = words
        self._results = results
        self._starts = starts
        self._most = most
        self._says = says
        self._visible: dict[str, Distances] = {}
        self._sets: dict[tuple[int, int | None], frozenset[str]] = {}

    def names(self, path: str, steps: int | None = None) -> frozenset[str]:
        """The names by which the file at `path` and what it imports get to the places.

        With `steps` those from which it is only so many calls (an alias on the way counts as one, so one more is let
        through).
        """
        if path not in self._visible:
            for group in self._project.graph.groups(path, self._visible):
                names = self._names_of(group)
                self._visible.update(dict.fromkeys(group, names))
        visible = self._visible[path]
        key = id(visible), steps
        if key not in self._sets:
            self._sets[key] = frozenset(
                name for name, away in visible.items() if steps is None or away <= steps + 1
            )
        return self._sets[key]

    def _names_of(self, group: list[str]) -> Distances:
        """The names for files that import each other, from those of all other files that they import."""
        below = [
            self._visible[imported]
            for file in group
            for imported in self._project.imported(file)
            if imported in self._visible
        ]
        different = sorted({id(names): names for names in below}.values(), key=len)
        starts = {name for file in group for name in self._set_out(file)}
        if len(different) == 1 and not starts and not self._at_hand(group, different[0]):
            return different[0]
        found = dict(different.pop()) if different else {}
        for names in different:
            for name, distance in names.items():
                if distance < found.get(name, _FARTHEST):
                    found[name] = distance
        found.update(dict.fromkeys(starts, 0))
        return self._spread(group, found)

    def _at_hand(self, group: list[str], names: Distances) -> set[str]:
        """Those of the names that the files of the group spell."""
        return {name for file in group for name in names.keys() & self._project.identifiers(file)}

    def _spread(self, group: list[str], found: Distances) -> Distances:
        """Follow the names through the files of a group, the nearest first, until there are too many."""
        waiting: defaultdict[int, set[str]] = defaultdict(set)
        for name in self._at_hand(group, found):
            waiting[found[name]].add(name)
        while waiting:
            distance = min(waiting)
            wanted = waiting.pop(distance)
            new: set[str] = set()
            for file in group:
                new.update(name for name in self._named(file, wanted) if name not in found)
                if len(found) + len(new) > self._most:
                    return found
            if new:
                found.update(dict.fromkeys(sorted(new), distance + 1))
                waiting[distance + 1] |= new
        return found

    def _set_out(self, file: str) -> Iterator[str]:
        source = self._project.source(file)
        if source is None or not any(word in source.text for word in self._words):
            return
        if self._starts is None:
            yield from self._words
            return
        if self._says is not None and not self._says(source.text):
            return
        module = self._project.module(file)
        for block in self._starts(module) if module is not None else ():
            yield _callable_name(block)

    def _named(self, file: str, wanted: set[str]) -> Iterator[str]:
        """The names that a file gives to what uses a wanted one."""
        present = wanted & self._project.identifiers(file)
        if present:
            yield from self._project.outline(file).using(present, self._results)


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
