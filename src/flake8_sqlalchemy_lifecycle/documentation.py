"""Writes `docs/` from the rules: `python -m flake8_sqlalchemy_lifecycle.documentation`, in the project's folder.

It is for those who work on the rules: a test renders the files again and compares.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from . import catalogue
from .catalogue import Rule
from .frameworks import FRAMEWORKS

FAMILIES = {
    "engine": "Engines",
    "lifespan": "Application lifecycle",
    "session": "Sessions",
    "concurrency": "Threads, tasks and event loops",
    "process": "Processes",
}
_MADE = "<!-- Made from the rules by `python -m flake8_sqlalchemy_lifecycle.documentation`. -->\n"


def render(rules: Iterable[Rule]) -> dict[str, str]:
    """Render all files of the documentation: their texts by their names below `docs/`."""
    listed = tuple(rules)
    files = {f"rules/{rule.code}.md": _page(rule) for rule in listed}
    files["README.md"] = _index(listed)
    files["frameworks.md"] = _by_framework(listed)
    return files


def _page(rule: Rule) -> str:
    _title, _, body = catalogue.readable(rule.page).partition("\n")
    facts = " · ".join(_facts(rule))
    summary = rule.summary[:1].upper() + rule.summary[1:]
    return f"# {rule.code} {rule.name}\n\n{_MADE}\n{summary}.\n\n{facts}\n{body}\n"


def _facts(rule: Rule) -> Iterator[str]:
    family = FAMILIES[rule.family]
    yield f"[{family}](../README.md#{_anchor(family)})"
    yield "on by default" if rule.default else "opt-in: `lsa-enable = " + rule.code + "`"
    if rule.fix:
        yield f"{rule.fix} fix"
    exempt = ["test code"] * (not rule.in_tests) + ["scripts"] * (not rule.in_scripts)
    yield f"not in {' or '.join(exempt)}" if exempt else "test code and scripts too"
    yield ", ".join(rule.frameworks) or "any framework, or none"


def _index(rules: Iterable[Rule]) -> str:
    parts = [
        "# The rules\n",
        _MADE,
        "By family; [by framework](frameworks.md) tells which of them matter to your program.",
        "Each page is in the terminal, too: `sqlalchemy-lifecycle explain LSA402`.\n",
    ]
    for family, members in groupby(rules, key=lambda rule: rule.family):
        parts += [f"## {FAMILIES[family]}\n", catalogue.table(members, "rules")]
    return "\n".join(parts)


def _by_framework(rules: tuple[Rule, ...]) -> str:
    everywhere = [rule for rule in rules if not rule.frameworks]
    parts = [
        "# Which of these rules matters to me\n",
        _MADE,
        "What your program uses adds its rules to those that matter to every program with SQLAlchemy.",
        "Threads, processes and asyncio stand for programs that use them without a framework.\n",
        "## Every program\n",
        _list(everywhere),
    ]
    groups: dict[tuple[Rule, ...], list[str]] = {}
    for framework in FRAMEWORKS:
        concerned = tuple(rule for rule in rules if framework in rule.frameworks)
        if concerned:
            groups.setdefault(concerned, []).append(framework)
    for concerned, names in groups.items():
        parts += [f"## {', '.join(names)}\n", _list(concerned)]
    return "\n".join(parts)


def _list(rules: Iterable[Rule]) -> str:
    return "".join(
        f"- [{rule.code}](rules/{rule.code}.md) {rule.name}: {rule.summary}"
        f"{'' if rule.default else ' (opt-in)'}\n"
        for rule in rules
    )


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def write(folder: Path) -> list[str]:
    """Bring a folder in step with the rules; the names of the files that had to change."""
    wanted = render(catalogue.rules())
    pages = {f"rules/{path.name}" for path in folder.glob("rules/LSA*.md")}
    changed = sorted(pages - wanted.keys())
    for name in changed:
        (folder / name).unlink()
    for name, text in wanted.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            changed.append(name)
    return changed


if __name__ == "__main__":
    print(*write(Path("docs")), sep="\n")
