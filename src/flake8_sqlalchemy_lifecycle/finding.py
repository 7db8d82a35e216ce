"""What the linter says: plain frozen data, without behaviour."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A place in a file, counted as `ast` counts: lines from 1, columns from 0 in UTF-8 bytes."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, order=True)
class Evidence:
    """One fact that a finding rests on, and the place that shows it.

    `path` is relative to the project root, with "/", as it is written in messages.
    """

    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A misuse: the rule's code, the place it is reported at, what is said, and what proves it."""

    code: str
    span: Span
    message: str
    evidence: tuple[Evidence, ...] = ()
