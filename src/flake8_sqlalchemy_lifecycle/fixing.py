"""One file's findings are fixed, one after the other or those of one rule together, and proven before the next.

Nothing is read or written here: a text comes in, a text goes out. LibCST is imported when the first finding
that has a fix is met.
"""

from __future__ import annotations

import contextlib
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

_PLACE = re.compile(r" \([^()\s]+:\d+\)")


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
        self._together = fixes.TOGETHER

    def fix(self, text: str) -> Fixed:
        """Apply all fixes that stand the proof."""
        found = self._linter.lint(self._path, text)
        first = shown = self._shown(text, found)
        while True:
            known = dict(zip(_identities(text, shown), shown, strict=True))
            waiting = [i for i in known if i.code in self._codes and i not in self._refused]
            if not waiting:
                break
            waiting.sort(
                key=lambda i: i.code
            )  # a lifespan is there before its engines are looked at
            group = [i for i in waiting if i.code == waiting[0].code]
            if waiting[0].code not in self._together:
                group = group[:1]
            try:
                text, found = self._apply(text, found, {i: known[i] for i in group})
                shown = self._shown(text, found)
            except _Refused as refused:
                self._refused[refused.identity] = str(refused)
            except fixes.CannotFix as problem:
                if len(group) == 1:
                    self._refused[group[0]] = str(problem)
                else:
                    self._together = self._together - {waiting[0].code}
        left = [Left(finding, self._refused.get(i, "")) for i, finding in known.items()]
        return Fixed(text, len(first) - len(left), tuple(left))

    def _apply(
        self, text: str, found: list[Finding], group: dict[_Identity, Finding]
    ) -> tuple[str, list[Finding]]:
        """The text without those findings, and what is found in it then."""
        new = self._fixed(text, group)
        if new == text:
            raise fixes.CannotFix("there is nothing to change")
        _refuse_nonsense(text, new)
        found_then = self._linter.lint(self._path, new)
        for code, message in (
            Counter(map(_told, found_then)) - Counter(map(_told, found))
        ).elements():
            raise fixes.CannotFix(f"the fix would bring {code}: {message}")
        before, after = Counter(map(_said, found)), Counter(map(_said, found_then))
        gone = Counter(map(_said, group.values()))
        if any(after[said] > before[said] - number for said, number in gone.items()):
            raise fixes.CannotFix("the finding would still be there")
        return new, found_then

    def _fixed(self, text: str, group: dict[_Identity, Finding]) -> str:
        from .fixes.draft import Draft

        model = self._linter.model(self._path, text)
        if model is None:
            raise fixes.CannotFix("the file cannot be read again")
        with _contained():
            draft = Draft(text, model)
        for identity, finding in group.items():
            try:
                with _contained():
                    fixes.fix_for(finding.code)(draft, finding)
            except fixes.CannotFix as problem:
                raise _Refused(identity, str(problem)) from problem
        with _contained():
            return draft.result()


class _Refused(Exception):  # noqa: N818
    """A fix leaves its finding; what it may have noted before is thrown away with the draft."""

    def __init__(self, identity: _Identity, reason: str) -> None:
        super().__init__(reason)
        self.identity = identity


@contextlib.contextmanager
def _contained() -> Iterator[None]:
    """Make a crash of a fix a reason to leave the finding, so that the others are fixed."""
    try:
        yield
    except fixes.CannotFix:
        raise
    except Exception as error:
        name = type(error).__name__
        raise fixes.CannotFix(f"the fix crashed with {name}, please report it") from error


def _said(finding: Finding) -> tuple[str, str]:
    """What a finding says, wherever it and what it points at have moved."""
    return finding.code, _LINE.sub("", finding.message)


def _told(finding: Finding) -> tuple[str, str]:
    """What a finding tells: what is wrong, without places, nor how it comes about and what to do, which may change."""
    return finding.code, _PLACE.sub("", finding.message.partition(": ")[0])


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
