"""The pairs of programs in the folders here: what is expected of them, and what they print."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from flake8_sqlalchemy_lifecycle.symptoms import Symptom

EXAMPLES = Path(__file__).parent
RECORD = EXAMPLES.parent / "src" / "flake8_sqlalchemy_lifecycle" / "symptoms.json"
_PATIENCE = 120  # seconds, for a machine that has a lot to do
_SHOWN = 20  # lines of what a program that went wrong complains of


class NotShownError(Exception):
    """A program did not print what is expected of it. Its text says what it did."""


@dataclass(frozen=True)
class Pair:
    """A `bad.py` and a `good.py`, with the patterns in `expected.toml` that their lines match.

    What may differ from run to run, such as a time, stands in groups of the patterns.
    """

    folder: Path
    bad: re.Pattern[str]
    good: re.Pattern[str]
    slow: bool = False

    @classmethod
    def of(cls, rule: str) -> Pair:
        """Read the pair of the rule of this name."""
        folder = EXAMPLES / rule
        expected = tomllib.loads((folder / "expected.toml").read_text(encoding="utf-8"))
        expected["bad"], expected["good"] = map(re.compile, (expected["bad"], expected["good"]))
        return cls(folder, **expected)

    def run(self) -> Symptom:
        """Run both programs, at the same time."""
        with ThreadPoolExecutor(2) as pool:
            bad = pool.submit(self._run, "bad.py", self.bad)
            good = pool.submit(self._run, "good.py", self.good)
            return Symptom(bad.result(), good.result())

    def _run(self, program: str, expected: re.Pattern[str]) -> str:
        [path] = self.folder.rglob(program)
        where = f"{self.folder.name}/{program}"
        status, said, complained = _run(path)
        line, *more = said.splitlines() or [""]
        if status == 0 and not more and expected.fullmatch(line):
            return line
        complaint = "\n".join(complained.splitlines()[-_SHOWN:])
        raise NotShownError(
            f"{where} ended with status {status} and printed\n  {said.strip() or 'nothing'}\n"
            f"which is not the line\n  {expected.pattern}\n{complaint}".rstrip()
        )

    def alike(self, one: Symptom, other: Symptom) -> bool:
        """Are the lines of two runs the same, but for what may differ?"""
        patterns = (self.bad, self.good)
        return all(
            _fixed(pattern, line) == _fixed(pattern, as_before)
            for pattern, line, as_before in zip(patterns, one, other, strict=True)
        )


def shown() -> list[str]:
    """Name the rules whose examples say what is expected of them."""
    return sorted(path.parent.name for path in EXAMPLES.glob("*/expected.toml"))


def record(symptoms: Mapping[str, Symptom]) -> None:
    """Write the symptoms, by the codes of their rules, to where the rules' pages quote them from."""
    ordered = {code: symptom._asdict() for code, symptom in sorted(symptoms.items())}
    text = json.dumps(ordered, indent=2, ensure_ascii=False) + "\n"
    RECORD.write_text(text, encoding="utf-8", newline="\n")


def _fixed(pattern: re.Pattern[str], line: str) -> str | None:
    """The line without what the groups of the pattern hold; nothing if it is another line."""
    if (match := pattern.fullmatch(line)) is None:
        return None
    for group in range(pattern.groups, 0, -1):
        start, end = match.span(group)
        if start >= 0:
            line = f"{line[:start]}…{line[end:]}"
    return line


def _run(program: Path) -> tuple[int, str, str]:
    """Run a program, and end what it may have started; its status and what it printed."""
    path = os.pathsep.join(filter(None, (str(EXAMPLES), os.environ.get("PYTHONPATH"))))
    with subprocess.Popen(
        [sys.executable, str(program)],
        env=os.environ | {"PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    ) as process:
        try:
            said, complained = process.communicate(timeout=_PATIENCE)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                raise NotShownError(
                    f"{program.parent.name}/{program.name} took more than {_PATIENCE} s"
                ) from None
            raise
    return process.returncode, said, complained
