"""The marks in the examples that say what flake8 reports, and what it does report."""

import io
import os
import re
import subprocess
import sys
import tokenize
from collections import Counter
from pathlib import Path

from pairs import EXAMPLES

At = tuple[str, int, str]  # file, line and code

PLAIN = "--format=%(path)s %(row)d %(code)s"


def marks(folder: Path, base: Path = EXAMPLES) -> Counter[At]:
    """Collect the comments that name rules; the files are named from the base."""
    found: Counter[At] = Counter()
    for path in folder.rglob("*.py"):
        for token in tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline):
            if token.type == tokenize.COMMENT and re.fullmatch(r"#(?: LSA\d{3})+", token.string):
                name = path.relative_to(base).as_posix()
                found.update((name, token.start[0], code) for code in token.string.split()[1:])
    return found


def findings(*arguments: str, folder: Path = EXAMPLES) -> Counter[At]:
    """Run flake8 in a folder, and collect what it finds."""
    run = subprocess.run(
        [sys.executable, "-m", "flake8", "--isolated", "--select=LSA", PLAIN, *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=False,
    )
    rows = (line.removeprefix("./").split() for line in run.stdout.splitlines())
    return Counter((path.replace(os.sep, "/"), int(row), code) for path, row, code in rows)
