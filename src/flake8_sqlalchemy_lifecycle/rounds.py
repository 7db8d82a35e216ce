"""Many files are fixed, in processes of their own, in rounds, and in memory.

A fix in one file may change what is found in another one. So the files of a round are fixed as if each were alone,
and those with findings are looked at again, all new texts in place, until a round changes nothing. How many
processes there are makes no difference.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from . import catalogue, disk, fixes
from .fixing import Fixer, Left
from .linter import Linter
from .plugin import configuration
from .reported import Reported

_MOST_ROUNDS = 8

Progress = Callable[[Iterable["Outcome"], int], Iterable["Outcome"]]
"""Shows how many of so many files are done while they are."""


@dataclass(frozen=True, slots=True)
class Rest:
    """A finding that is left, where flake8 would say that it is, and why."""

    path: str
    line: int
    column: int
    code: str
    message: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file: as it was read and its new text, if that differs, how much was fixed, what is left."""

    path: str
    file: disk.File | None = None
    text: str = ""
    count: int = 0
    left: tuple[Rest, ...] = ()
    problem: str = ""


def fix_all(
    paths: Sequence[str], options: argparse.Namespace, jobs: int, progress: Progress
) -> list[Outcome]:
    """Fix files; what became of each in the end, sorted by path."""
    results = {path: Outcome(path) for path in sorted(paths)}
    texts: dict[str, str] = {}
    waiting = [*results]
    for _ in range(_MOST_ROUNDS):
        setting = _Setting(options, dict(texts))
        outcomes = [*progress(_run(setting, waiting, jobs), len(waiting))]
        for outcome in outcomes:
            result = results[outcome.path] = _together(results[outcome.path], outcome)
            if result.file is not None:
                texts[os.path.abspath(result.path)] = result.text
        if all(outcome.file is None for outcome in outcomes):
            break
        waiting = [outcome.path for outcome in outcomes if outcome.count or outcome.left]
    return [*results.values()]


def _together(first: Outcome, then: Outcome) -> Outcome:
    """What became of a file in two rounds."""
    last = first if then.file is None else then
    count = first.count + then.count
    return Outcome(first.path, first.file or then.file, last.text, count, then.left, then.problem)


@dataclass(frozen=True, slots=True)
class _Setting:
    """What all files of a round share: the options, and the texts that win over those on the disk."""

    options: argparse.Namespace
    texts: dict[str, str]


def _run(setting: _Setting, paths: Sequence[str], jobs: int) -> Iterator[Outcome]:
    if jobs > 1 and len(paths) > 1:
        try:
            pool = multiprocessing.Pool(min(jobs, len(paths)), _start_child, (setting,))
        except (ImportError, OSError):  # a system without semaphores, or one that has run out
            pass
        else:
            with pool:
                yield from pool.imap(_fix, paths, max(1, min(16, len(paths) // (4 * jobs))))
            return
    _start(setting)
    yield from map(_fix, paths)


_worker: _Worker


def _start(setting: _Setting) -> None:
    global _worker  # noqa: PLW0603 - a function that a pool calls has no other place for it
    _worker = _Worker(setting)


def _start_child(setting: _Setting) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is told, and ends its children
    _start(setting)


def _fix(path: str) -> Outcome:
    return _worker.fix(path)


class _Worker:
    """Fixes the files of a round that one process is given."""

    def __init__(self, setting: _Setting) -> None:
        self._setting = setting
        self._config = configuration(setting.options)
        self._reported = Reported(setting.options)
        self._rules = {rule.code: rule for rule in catalogue.rules()}
        allowed = {"safe", "unsafe"} if setting.options.unsafe else {"safe"}
        self._codes = {code for code in fixes.FILES if self._rules[code].fix in allowed}
        self._linter = self._fresh()

    def _fresh(self) -> Linter:
        linter = Linter(self._config)
        for path, text in self._setting.texts.items():
            linter.edit(path, text)
        return linter

    def fix(self, path: str) -> Outcome:
        """Fix one file, if there is anything to be fixed."""
        try:
            file = disk.read(path)
        except OSError as error:
            return Outcome(path, problem=error.strerror or str(error))
        if file is None:  # no Python, and nothing is found in it
            return Outcome(path)
        edited = self._setting.texts.get(os.path.abspath(path))
        text = file.text if edited is None else edited
        if not self._linter.concerns(text):
            return Outcome(path)
        given = edited is not None or not path.endswith(".py")  # as flake8's door does it
        found = self._linter.lint(path, text if given else None)
        shown = self._reported.of(path, text, found)
        if self._codes.isdisjoint(finding.code for finding in shown):
            return Outcome(path, left=self._rest(path, text, [Left(f, "") for f in shown]))
        fixer = Fixer(self._fresh(), path, lambda t, f: self._reported.of(path, t, f), self._codes)
        fixed = fixer.fix(text)
        left = self._rest(path, fixed.text, fixed.left)
        if fixed.text == text:
            return Outcome(path, left=left)
        return Outcome(path, file, fixed.text, fixed.count, left)

    def _rest(self, path: str, text: str, left: Sequence[Left]) -> tuple[Rest, ...]:
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if left else []
        return tuple(
            Rest(
                path,
                one.finding.span.line,
                len(lines[one.finding.span.line - 1].encode()[: one.finding.span.column].decode())
                + 1,
                one.finding.code,
                one.finding.message,
                one.reason or self._why_not(one.finding.code),
            )
            for one in left
        )

    def _why_not(self, code: str) -> str:
        return "its fix is unsafe: --unsafe" if code in fixes.FILES else "there is no fix"
