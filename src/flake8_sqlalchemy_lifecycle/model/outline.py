"""Which functions, classes and aliases of a file use a name, from its text alone: that is far quicker than parsing.

Indentation tells what stands in what. What is found may be too much (a name in an unlucky string), so the answer is
good for a sieve, and for nothing else.
"""

from __future__ import annotations

import functools
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_DEFINITION = re.compile(
    r"^([ \t]*+)(?:(@)|(?:async[ \t]++)?def[ \t]++(\w++)|class[ \t]++(\w++))", re.MULTILINE
)
_SPACES = re.compile(r"[ \t]*+")
_TARGETS = re.compile(
    r"[ \t]*+(?:type[ \t]++)?([\w.]++(?:[ \t]*+,[ \t]*+[\w.]++)*+)(?:\[[^\]\n]*\])?[ \t]*+(?::[^=\n]++)?=(?!=)"
)
_ANNOTATED = re.compile(r"[ \t]*+(\w++)[ \t]*+:[ \t]*+([^=\n]++)")
_CALLED = re.compile(r"((?:\.\w++)*+)[ \t]*+\(")
_AS = re.compile(r"[ \t]++as[ \t]++(\w++)")
_TRIPLE = re.compile(r'"""|\'\'\'')
_LONGEST_STATEMENT = 60  # lines
_GOES_ON = tuple("([{,\\=+-*/|&%.")
"""What a line ends with that is not the last of its statement."""
_CONTINUES = tuple(")]}.|+")


@dataclass(frozen=True, slots=True)
class Definition:
    """A function or class: where it begins, with its decorators, and where the line with its name ends."""

    start: int
    line_end: int
    indent: int
    name: str
    is_class: bool
    parent: Definition | None

    @property
    def called(self) -> str:
        """The name that a caller spells: a special method runs by the name of its class."""
        owner = self.parent
        if not self.is_class and self.name.startswith("__") and owner and owner.is_class:
            return owner.name
        return self.name


class Outline:
    """The definitions of one text, found once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._definitions = list(_definitions(text))
        self._starts = [definition.start for definition in self._definitions]
        self._strings = list(_long_strings(text))
        self._known: dict[tuple[str, bool], frozenset[str]] = {}

    def using(self, names: Iterable[str], results: bool) -> set[str]:
        """The functions, classes and aliases that use one of the names.

        With `results` also what is given the result of a call.
        """
        found: set[str] = set()
        for name in names:
            users = self._known.get((name, results))
            if users is None:
                users = self._known[name, results] = frozenset(
                    user
                    for start in self._occurrences(name)
                    for user in self._users(name, start, results)
                )
            found |= users
        return found

    def _occurrences(self, name: str) -> Iterator[int]:
        text, end = self._text, 0
        while (start := text.find(name, end)) >= 0:
            end = start + len(name)
            before, after = text[start - 1 : start], text[end : end + 1]
            if not (before.isalnum() or before == "_" or after.isalnum() or after == "_"):
                if not self._is_comment(start):
                    yield start

    def _is_comment(self, offset: int) -> bool:
        index = bisect_right(self._strings, (offset, offset)) - 1
        if index >= 0 and offset < self._strings[index][1]:
            return True
        before = self._text[self._text.rfind("\n", 0, offset) + 1 : offset]
        if "#" not in before:
            return False
        code = before[: before.index("#")]
        return code.count('"') % 2 == 0 and code.count("'") % 2 == 0

    def _users(self, name: str, start: int, results: bool) -> Iterator[str]:
        text, end = self._text, start + len(name)
        alias = _AS.match(text, end)
        if alias is not None:
            yield alias[1]
        inside = definition = self._around(start)
        while definition is not None:
            if not definition.is_class:
                yield definition.called
                if results and definition.name == "get_bind" and definition.parent:
                    yield definition.parent.name  # SQLAlchemy calls it, for a session
            elif start < definition.line_end:
                yield definition.name
            definition = definition.parent
        in_function = inside is not None and not inside.is_class
        if in_function and not results:
            statement = text.rfind("\n", 0, start) + 1  # all that matters is a lambda with a name
            if "lambda" not in text[statement:start]:
                return
        else:
            statement = self._statement(start)
        if not self._is_called(name, end, results) or "lambda" in text[statement:start]:
            yield from self._targets(statement, start, in_function)
        if not in_function:
            annotated = _ANNOTATED.match(text, statement)
            if annotated is not None and annotated.start(2) <= start < annotated.end(2):
                yield annotated[1]
                if inside is not None:
                    yield inside.name

    def _around(self, offset: int) -> Definition | None:
        """The innermost definition that the place is in."""
        index = bisect_right(self._starts, offset) - 1
        definition = self._definitions[index] if index >= 0 else None
        line, indent = self._line(offset)
        closes = self._text[line + indent] in ")]}"
        while definition is not None:
            if offset < definition.line_end:
                return definition
            if indent > definition.indent or (closes and indent == definition.indent):
                if not _at_most(definition.indent).search(self._text, definition.line_end, line):
                    return definition
            definition = definition.parent
        return None

    def _line(self, offset: int) -> tuple[int, int]:
        """Where the line begins, and how far it is indented."""
        start = self._text.rfind("\n", 0, offset) + 1
        indentation = _SPACES.match(self._text, start)
        assert indentation is not None
        return start, len(indentation[0])

    def _statement(self, offset: int) -> int:
        """Where the statement begins: the lines above it, that are not empty, do not go on in it."""
        text = self._text
        start = text.rfind("\n", 0, offset) + 1
        for _ in range(_LONGEST_STATEMENT):
            end = start - 1
            above = text.rfind("\n", 0, max(end, 0)) + 1
            before = text[above:end].split("#")[0].rstrip() if end > 0 else ""
            if not (before[-1:] in _GOES_ON or text[start:offset].lstrip()[:1] in _CONTINUES):
                break
            start = above
        return start

    def _is_called(self, name: str, end: int, results: bool) -> bool:
        """Is the name called, so that it does not stand for itself (as a class does, or its result if asked for)?"""
        called = _CALLED.match(self._text, end)
        return (
            not results
            and called is not None
            and not (called[1].rpartition(".")[2] or name)[:1].isupper()
        )

    def _targets(self, statement: int, offset: int, in_function: bool) -> Iterator[str]:
        """What the statement assigns to: names at the top and in a class, attributes and globals in a function."""
        match = _TARGETS.match(self._text, statement)
        while match is not None and match.end(1) <= offset:
            for target in match[1].split(","):
                owner, _, name = target.strip().rpartition(".")
                if owner or not in_function or f"global {name}" in self._text:
                    yield name
            match = _TARGETS.match(self._text, match.end())


@functools.cache
def _at_most(indent: int) -> re.Pattern[str]:
    """A line of code that is indented no more than so far."""
    return re.compile(rf"^[ \t]{{0,{indent}}}[^\s#)\]}}]", re.MULTILINE)


def _definitions(text: str) -> Iterator[Definition]:
    parents: list[Definition] = []
    decorated: tuple[int, int] | None = (
        None  # where the first decorator begins, and its indentation
    )
    for match in _DEFINITION.finditer(text):
        indent = len(match[1])
        start = match.start()
        if match[2]:
            if decorated is None or decorated[1] != indent:
                decorated = start, indent
            continue
        if decorated is not None and decorated[1] == indent:
            start = decorated[0]
        decorated = None
        while parents and parents[-1].indent >= indent:
            parents.pop()
        parent = parents[-1] if parents else None
        line_end = text.find("\n", match.end())
        line_end = len(text) if line_end < 0 else line_end
        definition = Definition(
            start, line_end, indent, match[3] or match[4], match[4] is not None, parent
        )
        parents.append(definition)
        yield definition


def _long_strings(text: str) -> Iterator[tuple[int, int]]:
    """The strings in triple quotes; none where the quotes do not pair."""
    found: list[tuple[int, int]] = []
    open_at, mark = -1, ""
    for match in _TRIPLE.finditer(text):
        if open_at < 0:
            open_at, mark = match.start(), match[0]
        elif match[0] == mark:
            found.append((open_at, match.end()))
            open_at = -1
    if open_at < 0:
        yield from found
