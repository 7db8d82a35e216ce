"""A rule's page as it is shown in a terminal: its Markdown wrapped, and coloured where it can be."""

import os
import re
import shutil
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

from .catalogue import Rule, readable

_WIDEST = 100
_CODE = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Look:
    """How wide lines may be, and the codes that switch colours on and off."""

    width: int = _WIDEST
    heading: str = ""
    code: str = ""
    plain: str = ""
    added: str = ""
    removed: str = ""

    def of_change(self, line: str) -> str:
        """What switches on the colour for a line of a difference between two files."""
        if line.startswith(("+++", "---")):
            return self.heading
        return {"+": self.added, "-": self.removed, "@": self.code}.get(line[:1], self.plain)


def look_of(stream: TextIO, color: str = "auto") -> Look:
    """Find out what the stream can show; colours only on a terminal, unless the user wants it otherwise."""
    width = min(shutil.get_terminal_size((_WIDEST, 24)).columns, _WIDEST)
    off = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    if color == "never" or (color == "auto" and (off or not stream.isatty())):
        return Look(width)
    bold, cyan, plain, green, red = (f"\033[{number}m" for number in (1, 36, 0, 32, 31))
    return Look(width, heading=bold, code=cyan, plain=plain, added=green, removed=red)


def page(rule: Rule, look: Look) -> str:
    """Render a rule's page, without a line break at its end."""
    state = "on by default" if rule.default else "opt-in"
    fix = f", {rule.fix} fix" if rule.fix else ""
    blocks = [f"{look.heading}{rule.code} {rule.name}{look.plain} ({state}{fix})"]
    for heading, body in rule.sections.items():
        if heading:
            blocks.append(f"{look.heading}{heading}{look.plain}")
        blocks += _blocks(readable(body), look)
    blocks.append(_wrap(rule.url, look))
    return "\n\n".join(blocks)


def _blocks(body: str, look: Look) -> Iterator[str]:
    """Split a section at its empty lines; code, which holds some, stays in one piece."""
    for number, part in enumerate(_CODE.split(body)):
        if number % 2:
            lines = textwrap.indent(part.rstrip(), "    ").splitlines()
            yield "\n".join(f"{look.code}{line}{look.plain}" if line else "" for line in lines)
        else:
            yield from (_paragraph(text, look) for text in part.strip("\n").split("\n\n") if text)


def _paragraph(text: str, look: Look) -> str:
    if text.startswith("    "):  # code as well, such as the errors that one sees
        return "\n".join(f"{look.code}{line}{look.plain}" for line in text.splitlines())
    items = re.split(r"\n(?=[-*] )", text)
    wrapped = "\n".join(_wrap(item, look) for item in items)
    return re.sub(r"`[^`]+`", lambda match: f"{look.code}{match[0]}{look.plain}", wrapped)


def _wrap(text: str, look: Look) -> str:
    mark = text[:2] if text.startswith(("- ", "* ")) else ""
    return textwrap.fill(
        " ".join(text.removeprefix(mark).split()),
        width=look.width,
        initial_indent=mark,
        subsequent_indent=" " * len(mark),
        break_long_words=False,
        break_on_hyphens=False,
    )
