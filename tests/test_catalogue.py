"""Each rule's page, cases, example and row in the README are there and agree with the rule."""

import re
import subprocess
import sys
from pathlib import Path

import casebook
import pytest

from flake8_sqlalchemy_lifecycle import catalogue
from flake8_sqlalchemy_lifecycle.catalogue import Rule

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
EXAMPLES = ROOT / "examples"
SECTIONS = ["Why", "Bad", "Good", "Misses", "References"]

RULES = catalogue.rules()
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


def test_names_and_codes_are_unique_and_in_order() -> None:
    codes = [rule.code for rule in RULES]
    assert codes == sorted(set(codes))
    assert len({rule.name for rule in RULES}) == len(codes)
    assert "LSA000" not in codes


def test_no_case_or_example_is_left_without_its_rule() -> None:
    names = {rule.name for rule in RULES}
    assert {path.stem for path in casebook.CASES.glob("*.md")} <= names
    assert {path.relative_to(EXAMPLES).parts[0] for path in EXAMPLES.rglob("bad.py")} <= names


@each_rule
def test_page(rule: Rule) -> None:
    title, blank, *_ = [*rule.page.splitlines(), "", ""]
    assert re.fullmatch(r"[A-Z][\w -]+: .+\.", title)
    assert re.sub(r"[ -]", "", title.lower()).startswith(rule.name.replace("-", "") + ":")
    assert blank == ""
    assert rule.sections[""].count("\n\n") >= 1, "a paragraph on what it finds"
    assert [name for name in rule.sections if name in SECTIONS] == SECTIONS
    assert set(rule.sections) <= {"", "Run it", "Silent", "Fix", *SECTIONS}
    assert ("Fix" in rule.sections) == (rule.fix is not None)
    assert all(rule.sections.values())


@each_rule
def test_file_is_named_after_the_rule(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", rule.name)
    assert rule.module_name.endswith(f".{rule.name.replace('-', '_')}")


@each_rule
def test_cases(rule: Rule) -> None:
    cases = casebook.read_cases(casebook.CASES / f"{rule.name}.md")
    loud = [case for case in cases if any(rule.code in place for place in case.expected)]
    assert len(loud) >= 8
    assert len(cases) - len(loud) >= 10
    several = sum(len(case.files) > 1 for case in cases)
    single = sum(len(case.files) == 1 and not case.is_fixed for case in cases)
    assert several >= single


def test_readme_lists_the_rules() -> None:
    rewrite("rules", catalogue.table(RULES))


def test_readme_shows_what_the_bookshop_gives() -> None:
    command = "flake8 --select LSA examples/bookshop/before"
    run = subprocess.run(
        [sys.executable, "-m", *command.split()],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    rewrite("output", f"```console\n$ {command}\n{run.stdout}```\n")


def rewrite(part: str, wanted: str) -> None:
    """Put into the README what is wanted there; fail if it was not, so that the diff is seen."""
    text = README.read_text(encoding="utf-8")
    start, end = f"<!-- {part} -->\n", f"<!-- /{part} -->\n"
    before, rest = text.split(start)
    found, after = rest.split(end)
    if found != wanted:
        README.write_text(before + start + wanted + end + after, encoding="utf-8")
        pytest.fail(f"the part {part!r} of README.md was out of date; it is mended, please review")


def test_refuses_a_wrong_rule() -> None:
    with pytest.raises(TypeError, match="not LSA and three digits"):
        Rule("SA1", "some-rule", ("word",))
    with pytest.raises(TypeError, match="words to wake on"):
        Rule("LSA901", "some-rule", ())


def test_title_and_sections_come_from_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = Rule("LSA901", "some-rule", ("word",), default=False)
    rule.check(lambda _model: [])
    monkeypatch.setitem(
        globals(), "__doc__", "Some rule: a title.\n\nWords.\n\n## Why\n\nBecause.\n"
    )
    assert rule.title == "Some rule: a title"
    assert rule.summary == "a title"
    assert rule.sections == {"": "Some rule: a title.\n\nWords.", "Why": "Because."}
    assert "| [LSA901](p/LSA901.md) | some-rule | a title | opt-in |\n" in catalogue.table(
        [rule], "p"
    )
