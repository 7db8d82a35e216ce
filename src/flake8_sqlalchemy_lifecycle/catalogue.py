"""What a rule is, and where the rules are found.

A rule is one file below `rules/`. The docstring of that file is the rule's documentation page: a
title line (`Engine in request path: an engine is created for every request.`), a paragraph on what it
finds, then sections under Markdown headings: `## Why`, `## Bad`, `## Good`, perhaps `## Silent` and
`## Fix`, `## Misses`, `## References`. What the rule's example prints is put behind `## Good`. The
file's `RULE` holds everything else.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from . import rules as rules_package
from . import symptoms
from .finding import Evidence, Finding, Span
from .frameworks import FRAMEWORKS

if TYPE_CHECKING:
    from .model.inference import Model

Check: TypeAlias = "Callable[[Model], Iterable[Finding]]"

PAGES = "https://github.com/flake8-sqlalchemy-lifecycle/flake8-sqlalchemy-lifecycle/blob/main/docs/rules"


class UnknownRuleError(LookupError):
    """There is no such rule. Its text is one line that names the nearest one."""


class Place(Protocol):
    """A node of a tree that knows where it starts."""

    lineno: int
    col_offset: int


@dataclass(slots=True, eq=False)
class Rule:
    """One rule: what it is called, when it is asked, and the function that looks.

    `wakes` are the words of which a file's text must hold at least one for the rule to be asked.
    A rule that `needs_sqlalchemy` is asked only where the file, or what it reaches by imports, names
    SQLAlchemy. `in_tests` and `in_scripts` tell whether test code and scripts are reported. A rule
    that is not `default` is opt-in: it runs only where the user names it. `frameworks` are those that
    the rule takes for it to matter, out of `frameworks.py`; none where SQLAlchemy is enough.
    """

    code: str
    name: str
    wakes: tuple[str, ...]
    default: bool = True
    in_tests: bool = False
    in_scripts: bool = False
    needs_sqlalchemy: bool = True
    fix: Literal["safe", "unsafe"] | None = None
    frameworks: tuple[str, ...] = ()
    _function: Check | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"LSA\d{3}", self.code):
            raise TypeError(f"the code of {self.name} is {self.code!r}, not LSA and three digits")
        if not self.wakes or isinstance(self.wakes, str):
            raise TypeError(f"{self.code} needs a tuple of words to wake on")
        if unknown := set(self.frameworks).difference(FRAMEWORKS):
            raise TypeError(f"{self.code}: frameworks.py knows no {', '.join(sorted(unknown))}")

    def check(self, function: Check) -> Check:
        """Decorate the function that takes the model of a file and yields its findings."""
        self._function = function
        return function

    def findings(self, model: Model) -> list[Finding]:
        """Ask the rule about the linted file of a model."""
        if self._function is None:
            raise TypeError(f"{self.code} has no function decorated with RULE.check")
        return list(self._function(model))

    def at(self, place: Place, message: str, *evidence: Evidence) -> Finding:
        """Build a finding of this rule that stands where the given node starts."""
        return Finding(self.code, Span(place.lineno, place.col_offset), message, evidence)

    @property
    def module_name(self) -> str:
        """The dotted name of the file that holds the rule's function."""
        return self._function.__module__ if self._function else ""

    @property
    def family(self) -> str:
        """The folder that the rule's file is in."""
        return self.module_name.split(".")[-2]

    @property
    def url(self) -> str:
        """The address of the rule's page."""
        return f"{PAGES}/{self.code}.md"

    @property
    def page(self) -> str:
        """The rule's documentation: the docstring of its file, and what its example prints."""
        written = inspect.cleandoc(sys.modules[self.module_name].__doc__ or "")
        before, good, rest = written.partition("## Good\n")
        shown, heading, after = rest.partition("\n## ")
        printed = symptoms.section(self.code, self.name)
        return f"{before}{good}{shown}{printed}{heading}{after}"

    @property
    def title(self) -> str:
        """The first line of the page, without its full stop."""
        return self.page.partition("\n")[0].rstrip(".")

    @property
    def summary(self) -> str:
        """What the title says behind the rule's name."""
        return self.title.rpartition(": ")[2]

    @property
    def sections(self) -> dict[str, str]:
        """The page's sections, by heading; what stands before the first heading is under ""."""
        parts = re.split(r"^## (.+)$", self.page, flags=re.MULTILINE)
        return {"": parts[0].strip()} | {
            heading.strip(): body.strip()
            for heading, body in zip(parts[1::2], parts[2::2], strict=True)
        }


@functools.cache
def rules() -> tuple[Rule, ...]:
    """Find every rule by importing the files below `rules/`; sorted by code."""
    found: dict[str, Rule] = {}
    for entry in pkgutil.walk_packages(rules_package.__path__, f"{rules_package.__name__}."):
        if entry.ispkg:
            continue
        rule = getattr(importlib.import_module(entry.name), "RULE", None)
        if not isinstance(rule, Rule):
            raise TypeError(f"{entry.name} defines no RULE")
        if rule.code in found:
            raise TypeError(f"{entry.name} takes the code {rule.code} of {found[rule.code].name}")
        found[rule.code] = rule
    return tuple(rule for _, rule in sorted(found.items()))


def find(asked: str) -> Rule:
    """Return the rule of this code or name, in upper or lower case."""
    for rule in rules():
        if asked.upper() == rule.code or asked.lower() == rule.name:
            return rule
    raise UnknownRuleError(f"there is no rule {asked!r}, the nearest is {_nearest(asked)}")


def _nearest(asked: str) -> str:
    """Name the rule whose code or name looks most like what was asked for."""
    import difflib  # which no run without a mistake needs

    by_code = asked.upper().startswith("LSA")
    called = {rule.code if by_code else rule.name: rule for rule in rules()}
    wanted = asked.upper() if by_code else asked.lower()
    closest = called[difflib.get_close_matches(wanted, called, n=1, cutoff=0)[0]]
    return f"{closest.code} ({closest.name})"


def readable(page: str) -> str:
    """Turn the marks of a page's code, which are for the tests, into what a reader takes in."""
    return re.sub(
        r"# error: (?=LSA)", "# ", re.sub(r"^ *# message: .+\n", "", page, flags=re.MULTILINE)
    )


def table(listed: Iterable[Rule], pages: str = PAGES) -> str:
    """Render rules as a Markdown table, with links to their pages from the folder `pages`."""
    rows = ["| code | name | what it finds | default |", "|---|---|---|---|"]
    rows += [
        f"| [{rule.code}]({pages}/{rule.code}.md) | {rule.name} | {rule.summary} "
        f"| {'on' if rule.default else 'opt-in'} |"
        for rule in listed
    ]
    return "\n".join(rows) + "\n"
