"""`docs/` and the table of the README say what the rules say."""

import re
from pathlib import Path

import pytest

from flake8_sqlalchemy_lifecycle import catalogue, documentation, frameworks, symptoms, terminal

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
RULES = catalogue.rules()


def test_docs_are_what_the_rules_render() -> None:
    if changed := documentation.write(DOCS):
        pytest.fail(f"docs/ was out of date; it is mended, please review: {', '.join(changed)}")


def test_writes_what_is_missing_and_removes_old_pages(tmp_path: Path) -> None:
    names = documentation.write(tmp_path)
    assert sorted(names) == sorted(["README.md", "frameworks.md", *map(page_of, RULES)])
    assert documentation.write(tmp_path) == []
    (tmp_path / "rules" / "LSA999.md").write_text("a rule that was\n")
    (tmp_path / "rules" / "notes.md").write_text("not ours\n")
    (tmp_path / page_of(RULES[0])).write_text("edited\n")
    assert documentation.write(tmp_path) == ["rules/LSA999.md", page_of(RULES[0])]
    assert documentation.write(tmp_path) == []
    assert (tmp_path / "rules" / "notes.md").exists()


def page_of(rule: catalogue.Rule) -> str:
    return f"rules/{rule.code}.md"


def test_every_rule_is_reached_by_family_and_by_framework() -> None:
    files = documentation.render(RULES)
    for name in ("README.md", "frameworks.md"):
        assert set(re.findall(r"\]\((rules/LSA\d+\.md)\)", files[name])) == set(map(page_of, RULES))


def test_links_lead_somewhere() -> None:
    files = documentation.render(RULES)
    for name, text in files.items():
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            target = (DOCS / name).parent / link
            assert target.resolve().relative_to(DOCS.resolve()).as_posix() in files


def test_headings_that_pages_link_to_are_there() -> None:
    headings = re.findall(r"^## (.+)$", documentation.render(RULES)["README.md"], re.MULTILINE)
    assert headings == list(documentation.FAMILIES.values())
    assert {rule.family for rule in RULES} == set(documentation.FAMILIES)


def test_the_address_of_a_page_is_its_file() -> None:
    for rule in RULES:
        assert rule.url.removeprefix(catalogue.PAGES) == f"/{rule.code}.md"
    assert catalogue.PAGES.endswith("/docs/rules")


def test_pages_show_no_marks_of_the_tests() -> None:
    for text in documentation.render(RULES).values():
        assert "# error:" not in text
        assert "# message:" not in text


def test_pages_quote_what_examples_print(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = RULES[0]
    printed = {rule.code: symptoms.Symptom("the row " + "is lost " * 12, "the row is stored")}
    monkeypatch.setattr(symptoms, "recorded", lambda: printed)
    quoted = "    the row is lost is lost is lost is lost is lost is lost is lost is lost is lost is lost is\n"
    for text in (
        documentation.render([rule])[page_of(rule)],
        terminal.page(rule, terminal.Look()),
    ):
        assert f"In `examples/{rule.name}`, `bad.py` prints\n\n{quoted}    lost is lost\n" in text
        assert "\n\nand `good.py`\n\n    the row is stored\n\n" in text
    headings = list(rule.sections)
    assert headings[headings.index("Good") + 1] == "Run it"


def test_pages_without_an_example_that_ran(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(symptoms, "recorded", dict)
    assert not any("Run it" in rule.sections for rule in RULES)


def test_every_framework_has_rules() -> None:
    named = {name for rule in RULES for name in rule.frameworks}
    assert named == set(frameworks.FRAMEWORKS)


def test_refuses_a_framework_that_nobody_knows() -> None:
    with pytest.raises(TypeError, match=r"LSA901: frameworks.py knows no Flusk"):
        catalogue.Rule("LSA901", "some-rule", ("word",), frameworks=("Flusk",))
