"""One file's findings are fixed, one after the other, and each fix is proven before the next.

Nothing is read or written here: a text comes in, a text goes out. LibCST is imported when the first finding
that has a fix is met.
"""

from __future__ import annotations

import io
import re
import tokenize
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from . import fixes
from .finding import Finding
from .linter import Linter

Shown = Callable[[str, list[Finding]], list[Finding]]
"""Picks, in a text, those findings that are reported: `# noqa` and the selection count."""

_LINE = re.compile(r"(?<=:)\d+|(?<=\bline )\d+")


@dataclass(frozen=True, slots=True)
class Left:
    """A finding that stays, and why."""

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True)
class Fixed:
    """A file's new text, how many of the findings are gone, and what is left."""

    text: str
    count: int
    left: tuple[Left, ...]


@dataclass(frozen=True, slots=True)
class _Identity:
    """What a finding is known by while the lines above it come and go."""

    code: str
    message: str
    line: str
    count: int


class Fixer:
    """Fixes one file. `linter` is its own, in which what is tried and given up does no harm."""

    def __init__(self, linter: Linter, path: str, shown: Shown, codes: Collection[str]) -> None:
        """Take the codes of the rules whose fixes may be applied."""
        self._linter = linter
        self._path = path
        self._shown = shown
        self._codes = codes
        self._refused: dict[_Identity, str] = {}

    def fix(self, text: str) -> Fixed:
        """Apply all fixes that stand the proof."""
        found = self._linter.lint(self._path, text)
        first = shown = self._shown(text, found)
        while True:
            known = dict(zip(_identities(text, shown), shown, strict=True))
            waiting = [i for i in known if i.code in self._codes and i not in self._refused]
            if not waiting:
                break
            try:
                text, found = self._apply(text, found, known[waiting[0]])
                shown = self._shown(text, found)
            except fixes.CannotFix as problem:
                self._refused[waiting[0]] = str(problem)
        left = [Left(finding, self._refused.get(i, "")) for i, finding in known.items()]
        return Fixed(text, len(first) - len(left), tuple(left))

    def _apply(
        self, text: str, found: list[Finding], finding: Finding
    ) -> tuple[str, list[Finding]]:
        """The text without that finding, and what is found in it then."""
        new = self._fixed(text, finding)
        if new == text:
            raise fixes.CannotFix("there is nothing to change")
        _refuse_nonsense(text, new)
        found_then = self._linter.lint(self._path, new)
        before, after = Counter(map(_said, found)), Counter(map(_said, found_then))
        for code, message in (after - before).elements():
            raise fixes.CannotFix(f"the fix would bring {code}: {message}")
        if after[_said(finding)] >= before[_said(finding)]:
            raise fixes.CannotFix("the finding would still be there")
        return new, found_then

    def _fixed(self, text: str, finding: Finding) -> str:
        from .fixes.draft import Draft

        model = self._linter.model(self._path, text)
        if model is None:
            raise fixes.CannotFix("the file cannot be read again")
        try:
            draft = Draft(text, model)
            fixes.fix_for(finding.code)(draft, finding)
            return draft.result()
        except fixes.CannotFix:
            raise
        except Exception as error:  # whatever a file holds, the others are fixed
            raise fixes.CannotFix(
                f"the fix crashed with {type(error).__name__}, please report it"
            ) from error


def _said(finding: Finding) -> tuple[str, str]:
    """What a finding says, wherever it and what it points at have moved."""
    return finding.code, _LINE.sub("", finding.message)


def _identities(text: str, findings: list[Finding]) -> Iterator[_Identity]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    seen: Counter[tuple[str, str, str]] = Counter()
    for finding in findings:
        key = (*_said(finding), lines[finding.span.line - 1].strip())
        yield _Identity(*key, seen[key])
        seen[key] += 1


def _refuse_nonsense(old: str, new: str) -> None:
    """Refuse a text that Python does not compile, or that lacks a comment of the old one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(new, "<fixed>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise fixes.CannotFix("the result would not compile") from error
    lost = _comments(old) - _comments(new)
    if lost:
        raise fixes.CannotFix(f"the comment {min(lost)!r} would be lost")


def _comments(text: str) -> Counter[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text, newline=None).readline)
    return Counter(token.string.strip() for token in tokens if token.type == tokenize.COMMENT)
