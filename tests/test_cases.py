"""Every case of `tests/cases/` and of the rules' pages, and the format of the cases itself."""

import re
from collections.abc import Iterator
from pathlib import Path

import casebook
import pytest
from casebook import Case, MalformedError

from flake8_sqlalchemy_lifecycle import catalogue


def _all_cases(*, fixed: bool = False) -> Iterator[object]:
    for path in sorted(casebook.CASES.glob("*.md")):
        try:
            for case in casebook.read_cases(path):
                if fixed and not case.is_fixed:
                    continue
                yield pytest.param(path.stem, case, id=f"{path.stem}/{_slug(case.title)}")
        except MalformedError as problem:  # a failure of its own, so that the other files still run
            if not fixed:
                yield pytest.param(path.stem, problem, id=f"{path.stem}/malformed")


def _slug(title: str) -> str:
    return re.sub(r"\W+", "-", title.lower()).strip("-")


@pytest.mark.parametrize(("name", "case"), list(_all_cases()))
def test_case(name: str, case: Case | MalformedError, tmp_path: Path) -> None:
    if isinstance(case, MalformedError):
        raise case
    casebook.check(case, tmp_path / "project", case.concerns(catalogue.rules(), name))


@pytest.mark.parametrize(("name", "case"), list(_all_cases(fixed=True)))
def test_fixes(name: str, case: Case, tmp_path: Path) -> None:
    casebook.check_fixes(case, tmp_path / "project", case.concerns(catalogue.rules(), name))


@pytest.mark.parametrize("rule", catalogue.rules(), ids=lambda rule: rule.name)
def test_page(rule: catalogue.Rule, tmp_path: Path) -> None:
    bad = casebook.read_section("Bad", rule.sections["Bad"])
    good = casebook.read_section("Good", rule.sections["Good"])
    assert bad
    assert good
    assert not any(case.is_loud for case in good)
    assert all({place.split()[1] for place in case.expected} == {rule.code} for case in bad)
    for number, case in enumerate([*bad, *good]):
        casebook.check(case, tmp_path / str(number), (rule,))


def test_reads_files_markers_and_messages(tmp_path: Path) -> None:
    text = """\
# some-rule

Words.

## A title

A sentence.

```text
# file: requirements.txt
fastapi
```

```python
# file: app/db.py
engine = 1  # error: LSA101 LSA105
# message: said
# message: also said
```

## Another

```python
x = 1
```
"""
    path = tmp_path / "some-rule.md"
    path.write_text(text)
    first, second = casebook.read_cases(path)
    assert first.title == "A title"
    assert list(first.files) == ["requirements.txt", "app/db.py"]
    assert first.python_files == ["app/db.py"]
    assert first.expected == {"app/db.py:2 LSA101": 1, "app/db.py:2 LSA105": 1}
    assert first.messages == {"app/db.py:2": ["said", "also said"]}
    assert second.files == {"example.py": "x = 1\n"}
    assert not second.is_loud
    assert not second.is_fixed


def test_reads_what_fixes_make_of_a_case(tmp_path: Path) -> None:
    text = """\
## Of one file

```python
x = 1  # note  # error: LSA101
# message: said
# left: for a reason
y = 2
```

```python
# fixed
x = 3
```

## Of several

```python
# file: a.py
```

```python
# file: b.py
y
```

```python
# fixed: b.py
z
```
"""
    path = tmp_path / "some-rule.md"
    path.write_text(text)
    one, several = casebook.read_cases(path)
    assert one.fixed == {"example.py": "x = 3\n"}
    assert one.left == {"example.py:1": ["for a reason"]}
    assert casebook.unmarked(one.files["example.py"]) == "x = 1  # note\ny = 2\n"
    assert several.fixed == {"b.py": "# file: b.py\nz\n"}
    assert several.is_fixed


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("```python\nx\n```\n## A\n```python\nx\n```\n", id="block-without-heading"),
        pytest.param("## A\nwords\n", id="no-block"),
        pytest.param("## A\n```python\nx\n", id="open-fence"),
        pytest.param("## A\n```\nx\n```\n", id="no-language"),
        pytest.param("## A\n```toml\n# file: a.toml\n```\n", id="no-python"),
        pytest.param("## A\n```python\nx\n```\n```python\ny\n```\n", id="unnamed-files"),
        pytest.param("## A\n```python\n# file: a.txt\n```\n", id="python-in-txt"),
        pytest.param("## A\n```python\nx\n```\n## A\n```python\nx\n```\n", id="same-title"),
        pytest.param("## A\n```python\nx  # error: LSA1\n```\n", id="bad-code"),
        pytest.param("## A\n```python\nx  # error LSA101\n```\n", id="no-colon"),
        pytest.param("## A\n```python\nx\n# message: words\n```\n", id="message-alone"),
        pytest.param("## A\n```python\nx\n# left: words\n```\n", id="left-alone"),
        pytest.param(
            "## A\n```python\nx\n```\n```python\n# fixed: b.py\n```\n", id="fixed-unknown"
        ),
        pytest.param(
            "## A\n```python\nx\n```\n```python\n# fixed\n```\n```python\n# fixed\n\n```\n",
            id="fixed-twice",
        ),
    ],
)
def test_refuses_malformed_cases(text: str, tmp_path: Path) -> None:
    path = tmp_path / "some-rule.md"
    path.write_text(text)
    with pytest.raises(MalformedError):
        casebook.read_cases(path)
