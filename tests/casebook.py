"""Reads test cases that are written as Markdown: `tests/cases/*.md` and the pages of the rules.

A case is a heading and the fenced blocks below it. A block is a file of the case: it names itself
in its first line, `# file: app/db.py`; a case of one block may leave that out. In Python blocks
`# error: LSA101` ends each line that must be reported (with several codes where there are several
findings), and a line `# message: words` below it tells words that one of its messages must hold.

What the fixes make of a file is a Python block that begins with `# fixed: app/db.py` (in a case of one file:
`# fixed`), a line that is not part of it. The markers are taken out of the file before it is fixed. `# left: words`,
below an error, tells words of the reason for which its fix leaves it.

A case is about the rule whose file it is in, and about every rule whose code it names: of these, nothing
but what is marked may be found. Of other rules it says nothing.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from difflib import unified_diff
from pathlib import Path

import pytest

from flake8_sqlalchemy_lifecycle import fixes
from flake8_sqlalchemy_lifecycle.catalogue import Rule
from flake8_sqlalchemy_lifecycle.config import Config
from flake8_sqlalchemy_lifecycle.finding import Finding
from flake8_sqlalchemy_lifecycle.fixing import Fixer
from flake8_sqlalchemy_lifecycle.linter import Linter

CASES = Path(__file__).with_name("cases")

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# file: (\S+)\n")
_FIXED = re.compile(r"# fixed(?:: (\S+))?\n")
_ERROR = re.compile(r"#\s*error:((?: LSA\d{3})+)$")
_MESSAGE = re.compile(r"\s*# message: (.+)$")
_LEFT = re.compile(r"\s*# left: (.+)$")
_LANGUAGES = {"python", "toml", "ini", "text"}


class MalformedError(ValueError):
    """A case is not written as this module's docstring says."""


@dataclass(frozen=True)
class Case:
    """Some files and what must be found in them."""

    title: str
    files: dict[str, str]
    expected: Counter[str]
    messages: dict[str, list[str]]
    names: frozenset[str] = frozenset()
    fixed: dict[str, str] = field(default_factory=dict)
    left: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_loud(self) -> bool:
        return bool(self.expected)

    @property
    def is_fixed(self) -> bool:
        """Does the case tell what fixes make of its files, or why they leave them?"""
        return bool(self.fixed or self.left)

    def concerns(self, rules: Iterable[Rule], name: str) -> tuple[Rule, ...]:
        """Pick the rules that the case is about; `name` is the rule whose file it is in."""
        return tuple(rule for rule in rules if rule.name == name or rule.code in self.names)

    @property
    def python_files(self) -> list[str]:
        return [name for name in self.files if name.endswith(".py")]

    def write(self, folder: Path) -> None:
        """Lay out the files in a folder that is a project root of its own."""
        (folder / ".git").mkdir(parents=True)
        for name, text in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def read_cases(path: Path) -> list[Case]:
    """Read the cases of one Markdown file, one below each `## ` heading."""
    introduction, *sections = re.split(
        r"^## ", path.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    if "```" in introduction:
        raise MalformedError(f"{path.name}: a block stands above the first heading")
    cases = []
    for section in sections:
        title, _, body = section.partition("\n")
        try:
            names = frozenset(re.findall(r"LSA\d{3}", section))
            cases.append(replace(make_case(title.strip(), _blocks(body)), names=names))
        except MalformedError as problem:
            raise MalformedError(f"{path.name}, {title.strip()}: {problem}") from None
    twice = [title for title, count in Counter(case.title for case in cases).items() if count > 1]
    if twice:
        raise MalformedError(f"{path.name}: several cases are called {twice[0]}")
    return cases


def read_section(title: str, body: str) -> list[Case]:
    """Read a section of a rule's page: named blocks are one case, each of the others is its own."""
    blocks = _blocks(body)
    if any(_FILE.match(text) for _, text in blocks):
        return [make_case(title, blocks)]
    return [make_case(title, [block]) for block in blocks]


def _blocks(body: str) -> list[tuple[str, str]]:
    if len(re.findall("^```", body, re.MULTILINE)) != 2 * len(_BLOCK.findall(body)):
        raise MalformedError("a block is not closed, or its fence is not ``` and one word")
    return _BLOCK.findall(body)


def make_case(title: str, blocks: list[tuple[str, str]]) -> Case:
    """Make a case of blocks, each a language and a text."""
    files: dict[str, str] = {}
    after = [text for language, text in blocks if language == "python" and _FIXED.match(text)]
    blocks = [(language, text) for language, text in blocks if text not in after]
    for language, text in blocks:
        if language not in _LANGUAGES:
            raise MalformedError(f"a block of {language or 'no language'}")
        named = _FILE.match(text)
        if named is None and (len(blocks) > 1 or language != "python"):
            raise MalformedError(f"a {language} block does not begin with `# file: `")
        name = named[1] if named else "example.py"
        if name in files:
            raise MalformedError(f"{name} is there twice")
        if name.endswith(".py") != (language == "python"):
            raise MalformedError(f"{name} is in a {language} block")
        files[name] = text
    if not any(name.endswith(".py") for name in files):
        raise MalformedError("no Python block")
    expected, messages, left = _markers(files)
    fixed = dict(_fixed(text, files) for text in after)
    if len(fixed) < len(after):
        raise MalformedError("a file is fixed twice")
    return Case(title, files, expected, messages, fixed=fixed, left=left)


def _fixed(text: str, files: dict[str, str]) -> tuple[str, str]:
    """The name of the file that a `fixed` block is about, and its whole text."""
    first = _FIXED.match(text)
    assert first is not None
    name = first[1] or next(iter(files))
    if name not in files or (first[1] is None and len(files) > 1):
        raise MalformedError("`# fixed: ` names no file of the case")
    head = _FILE.match(files[name])
    return name, (head[0] if head else "") + text[first.end() :]


def _markers(
    files: dict[str, str],
) -> tuple[Counter[str], dict[str, list[str]], dict[str, list[str]]]:
    expected: Counter[str] = Counter()
    messages: dict[str, list[str]] = {}
    lefts: dict[str, list[str]] = {}
    for name, text in files.items():
        place = ""
        for number, line in enumerate(text.splitlines(), start=1):
            error, message, left = _ERROR.search(line), _MESSAGE.match(line), _LEFT.match(line)
            if error:
                place = f"{name}:{number}"
                expected.update(f"{place} {code}" for code in error[1].split())
            elif message or left:
                if not place:
                    raise MalformedError(f"{name}:{number}: no error stands above the message")
                if message:
                    messages.setdefault(place, []).append(message[1])
                elif left:
                    lefts.setdefault(place, []).append(left[1])
            elif re.search(r"#\s*((error|message)\b|(left|fixed):)", line, re.IGNORECASE):
                raise MalformedError(f"{name}:{number}: neither a marker nor a plain comment")
            else:
                place = ""
    return expected, messages, lefts


def unmarked(text: str) -> str:
    """The text of a file without the markers of its case, as somebody would have written it."""
    lines = text.splitlines(keepends=True)
    lines = [line for line in lines if not _MESSAGE.match(line) and not _LEFT.match(line)]
    return "".join(re.sub(r"[ \t]*#\s*error:(?: LSA\d{3})+$", "", line) for line in lines)


def lint(linter: Linter, folder: Path, name: str) -> dict[str, list[Finding]]:
    """Lint one file of a case; the findings by place, as `app/db.py:3 LSA101`."""
    found: dict[str, list[Finding]] = {}
    for finding in linter.lint(str(folder / name)):
        found.setdefault(f"{name}:{finding.span.line} {finding.code}", []).append(finding)
    return found


def fresh_linter(rules: tuple[Rule, ...]) -> Linter:
    """Make a linter that asks all of the rules, opt-in ones too."""
    return Linter(Config(enable=frozenset(rule.code for rule in rules)), rules)


def check(case: Case, folder: Path, rules: tuple[Rule, ...]) -> None:
    """Fail unless the case's files, each linted alone, give exactly what is marked in them."""
    case.write(folder)
    found: dict[str, list[Finding]] = {}
    for name in case.python_files:
        found |= lint(fresh_linter(rules), folder, name)

    counts = Counter({place: len(findings) for place, findings in found.items()})
    said = [
        f"{place}: {finding.message}" for place, findings in found.items() for finding in findings
    ]
    problems = [f"missing     {place}" for place in (case.expected - counts).elements()]
    problems += [f"unexpected  {place}" for place in (counts - case.expected).elements()]
    for place, parts in case.messages.items():
        here = [line for line in said if line.startswith(f"{place} ")]
        problems += [
            f"no message  {place} says {part!r}"
            for part in parts
            if not any(part in line for line in here)
        ]
    if problems:
        pytest.fail("\n".join([case.title, *problems, "found:", *said]), pytrace=False)

    together = fresh_linter(rules)
    again: dict[str, list[Finding]] = {}
    for name in reversed(case.python_files):
        again |= lint(together, folder, name)
    if again != found:
        pytest.fail(f"{case.title}: one linter for all files finds other than each file's own")


def check_fixes(case: Case, folder: Path, rules: tuple[Rule, ...]) -> None:
    """Fail unless the fixes of the rules make of the case's files what its `fixed` blocks say."""
    bare = replace(case, files={name: unmarked(text) for name, text in case.files.items()})
    bare.write(folder)
    config = Config(enable=frozenset(rule.code for rule in rules))
    codes = {rule.code for rule in rules if rule.code in fixes.FILES}
    for name in {*case.fixed, *(place.split(":")[0] for place in case.left)}:
        path = str(folder / name)
        done = Fixer(Linter(config), path, lambda _, found: found, codes).fix(bare.files[name])
        said = "".join(f"\n{one.finding.code} left: {one.reason}" for one in done.left)
        wanted = case.fixed.get(name, bare.files[name])
        if done.text != wanted:
            lines = unified_diff(wanted.splitlines(), done.text.splitlines(), "wanted", "fixed")
            pytest.fail("\n".join([f"{case.title}, {name}:", *lines]) + said, pytrace=False)
        (folder / name).write_text(done.text, encoding="utf-8")
        again = Fixer(Linter(config), path, lambda _, found: found, codes).fix(done.text)
        assert again.text == done.text, f"{case.title}: {name} is fixed once more"
        for place, words in case.left.items():
            for part in words if place.startswith(f"{name}:") else ():
                assert any(part in one.reason for one in done.left), f"{case.title}: {place}{said}"
