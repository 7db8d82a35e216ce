"""What the examples print, as it was when they last ran: `python examples/run.py --record` writes it."""

import functools
import textwrap
from pathlib import Path
from typing import NamedTuple

_RECORD = Path(__file__).with_name("symptoms.json")


class Symptom(NamedTuple):
    """The lines that a rule's `bad.py` and `good.py` print."""

    bad: str
    good: str


@functools.cache
def recorded() -> dict[str, Symptom]:
    """Read the symptoms of the rules, by code."""
    import json  # which linting does not need

    record = json.loads(_RECORD.read_text(encoding="utf-8"))
    return {code: Symptom(**lines) for code, lines in record.items()}


def section(code: str, name: str) -> str:
    """Write the section of a rule's page that quotes its example, if that has been run."""
    if (symptom := recorded().get(code)) is None:
        return ""
    bad, good = map(_quoted, symptom)
    return f"\n## Run it\n\nIn `examples/{name}`, `bad.py` prints\n\n{bad}\n\nand `good.py`\n\n{good}\n"


def _quoted(line: str) -> str:
    folded = textwrap.wrap(line, 92, break_long_words=False, break_on_hyphens=False)
    return textwrap.indent("\n".join(folded), "    ")
