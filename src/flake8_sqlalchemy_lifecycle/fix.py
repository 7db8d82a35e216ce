"""`sqlalchemy-lifecycle fix`: what `check` finds is fixed, where that can be done."""

from __future__ import annotations

import argparse
import configparser
import io
import os
import sys
from collections.abc import Iterable, Sequence
from difflib import unified_diff

from flake8.checker import Manager
from flake8.exceptions import Flake8Exception
from flake8.formatting.default import Nothing
from flake8.style_guide import StyleGuideManager

from . import disk, terminal
from .check_options import UsageError, add_to_fix, parse
from .rounds import Outcome, fix_all

CLEAN, FOUND, FAILED, INTERRUPTED = 0, 1, 2, 130


def fix(arguments: Sequence[str]) -> int:
    """Fix the files that the arguments (flake8's and some more) ask for; an exit status."""
    try:
        plugins, options = parse(arguments, add_to_fix)
        if "-" in options.filenames:
            raise UsageError("what comes through stdin cannot be fixed")
        files = Manager(StyleGuideManager(options, Nothing(options)), plugins.checkers, arguments)
        files.start()
    except (Flake8Exception, UsageError, ValueError, configparser.Error) as error:
        problem = " ".join(str(error).split())
        print(f"sqlalchemy-lifecycle fix: error: {problem}", file=sys.stderr)
        return FAILED
    paths = [*{os.path.realpath(path): path for path in reversed(files.filenames)}.values()]
    try:
        return _finish(fix_all(paths, options, files.jobs, _with_progress), options)
    except KeyboardInterrupt:
        print("sqlalchemy-lifecycle fix: interrupted", file=sys.stderr)
        return INTERRUPTED


def _with_progress(outcomes: Iterable[Outcome], total: int) -> Iterable[Outcome]:
    """Show a progress bar, on a terminal that somebody looks at."""
    from tqdm import tqdm

    hidden = True if os.environ.get("CI") else None  # None: unless it is a terminal
    bar: Iterable[Outcome] = tqdm(outcomes, total=total, unit="file", leave=False, disable=hidden)
    return bar


def _finish(outcomes: Sequence[Outcome], options: argparse.Namespace) -> int:
    writes = not options.diff and not options.check
    problems = {outcome.path: outcome.problem for outcome in outcomes if outcome.problem}
    changed = []
    for outcome in outcomes:
        if outcome.file is None:
            continue
        if options.diff:
            _show(outcome.file, outcome.text, options)
        elif writes:
            try:
                disk.write(outcome.file, outcome.text)
            except disk.NotWrittenError as error:
                problems[outcome.path] = str(error)
                continue
        changed.append(outcome)
    if not options.check:
        _sum_up(outcomes, changed, options)
    for path, problem in problems.items():
        print(f"sqlalchemy-lifecycle fix: error: {path}: {problem}", file=sys.stderr)
    if problems:
        return FAILED
    return FOUND if any(o.left for o in outcomes) or (changed and not writes) else CLEAN


def _show(file: disk.File, text: str, options: argparse.Namespace) -> None:
    """Print how a text differs from the file."""
    look = terminal.look_of(sys.stdout, options.color)
    old, new = [*io.StringIO(file.text)], [*io.StringIO(text)]  # which splits at "\n" alone
    name = os.path.normpath(file.path)
    for line in unified_diff(old, new, name, name):
        shown = line.rstrip("\n")
        end = "" if line.endswith("\n") else "\n\\ No newline at end of file"
        print(f"{look.of_change(line)}{shown}{look.plain}{end}")


def _sum_up(
    outcomes: Sequence[Outcome], changed: Sequence[Outcome], options: argparse.Namespace
) -> None:
    """Print how much was fixed, and what is left. A diff has the standard output for itself."""
    stream = sys.stderr if options.diff else sys.stdout
    left = [rest for outcome in outcomes for rest in outcome.left]
    count = sum(outcome.count for outcome in changed)
    files = f"{len(changed)} file{'s' if len(changed) != 1 else ''}"
    words = [f"{count} {'would be fixed' if options.diff else 'fixed'} in {files}"] if count else []
    words += [f"{len(left)} left:"] if left else []
    print(", ".join(words) or "nothing to fix", file=stream)
    for rest in left:
        place = f"{rest.path}:{rest.line}:{rest.column}"
        print(f"{place}: {rest.code} {rest.message} [{rest.reason}]", file=stream)
