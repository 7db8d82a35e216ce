"""The import statements of a file, from its text alone: that is far quicker than to parse it.

Every import statement is found, wherever it stands. What only looks like one, in a string or in a
comment, is found too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# Names are captured by a look-ahead, so that what only looks like an import never hides a real one
# behind it. Repetitions are possessive or bounded, so that no text takes quadratic time.
_SPACE = r"(?:[ \t\f]|\\\n)*+"
_DOTTED = rf"\w++(?:{_SPACE}\.{_SPACE}\w++){{0,64}}+"
_ALIASED = rf"{_DOTTED}{_SPACE}(?:as\b{_SPACE}\w++{_SPACE})?"
_NAMES = rf"{_ALIASED}(?:,{_SPACE}{_ALIASED})*+"
_LINES = r"(?:[\w\s,\\]++|\#.{0,512}+){0,512}+"
_IMPORT = re.compile(
    rf"from(?<![\w.]from){_SPACE}((?:\.{_SPACE})*+)((?:{_DOTTED})?){_SPACE}import\b"
    rf"(?={_SPACE}(?:\(({_LINES})|({_NAMES})|\*))"
    rf"|import(?<![\w.]import)\b(?={_SPACE}({_NAMES}))"
)
_COMMENT = re.compile(r"#.*")


def statements(text: str) -> Iterator[tuple[str, int, list[str]]]:
    """The modules that `text` imports, in its order.

    Each is the dotted name, the number of dots before it, and the names that are taken from it.
    """
    for match in _IMPORT.finditer(text):
        dots, dotted, lines, names, modules = match.groups()
        if modules is None:
            yield _dotted(dotted), dots.count("."), _names(lines or names or "")
        else:
            for module in _names(modules):
                yield module, 0, []


def _names(listed: str) -> list[str]:
    if "#" in listed:
        listed = _COMMENT.sub("", listed)
    return [name for part in listed.split(",") if (name := _dotted(part))]


def _dotted(part: str) -> str:
    """The name in `part`, without white space inside it and without an alias behind it."""
    words = part.replace("\\\n", " ").split()
    return "".join(words[: words.index("as")] if "as" in words else words)
