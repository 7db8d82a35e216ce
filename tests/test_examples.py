"""Each rule's example shows the damage, and the linter finds it there and nowhere else."""

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import stage
from marks import findings, marks
from pairs import EXAMPLES, NotShownError, Pair, record, shown

from flake8_sqlalchemy_lifecycle import catalogue
from flake8_sqlalchemy_lifecycle.catalogue import Rule
from flake8_sqlalchemy_lifecycle.symptoms import Symptom, recorded

RULES = catalogue.rules()


@pytest.fixture(scope="module")
def server() -> Iterator[None]:
    """Start PostgreSQL once for all programs."""
    with stage.server() as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv(stage.SERVER, url)
        yield


def test_every_rule_has_an_example_that_shows_something() -> None:
    assert {rule.name for rule in RULES} == set(shown())


EACH_SHOWN = [
    pytest.param(catalogue.find(name), id=name, marks=[pytest.mark.slow] * Pair.of(name).slow)
    for name in shown()
]


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("rule", EACH_SHOWN)
def test_example_shows_the_damage(rule: Rule) -> None:
    pair = Pair.of(rule.name)
    symptom = pair.run()
    before = recorded().get(rule.code)
    if before is None or not pair.alike(symptom, before):
        record(recorded() | {rule.code: symptom})
        recorded.cache_clear()
        pytest.fail("symptoms.json was out of date; it is mended, please review")


def test_only_examples_are_recorded() -> None:
    assert {catalogue.find(code).name for code in recorded()} == set(shown())


@pytest.mark.parametrize("rule", EACH_SHOWN)
def test_programs_are_short(rule: Rule) -> None:
    for name in ("bad.py", "good.py"):
        [path] = (EXAMPLES / rule.name).rglob(name)
        assert 20 <= len(path.read_text("utf-8").splitlines()) <= 60


# What the linter says of them


@pytest.fixture(scope="module")
def found_by_default() -> Counter[tuple[str, int, str]]:
    return findings(".")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_linter_finds_the_line_that_matters(
    rule: Rule, found_by_default: Counter[tuple[str, int, str]]
) -> None:
    expected = marks(EXAMPLES / rule.name)
    found = found_by_default
    if not rule.default:
        found = findings(f"--lsa-enable={rule.code}", rule.name)
    here = Counter({at: n for at, n in found.items() if at[0].startswith(f"{rule.name}/")})
    assert here == expected
    assert rule.code in {code for path, _, code in here if path.endswith("/bad.py")}
    assert all(path.endswith("/bad.py") for path, _, _ in here)
    # such as LSA201, which stands beside LSA207
    assert {code for _, _, code in here} <= set(re.findall(r"LSA\d{3}", rule.page))


def test_nothing_is_found_in_what_runs_them(
    found_by_default: Counter[tuple[str, int, str]],
) -> None:
    assert not any("/" not in path for path, _, _ in found_by_default)


# How pairs are run


def pair(folder: Path, bad: str, good: str, patterns: str) -> Pair:
    (folder / "bad.py").write_text(bad)
    (folder / "good.py").write_text(good)
    (folder / "expected.toml").write_text(patterns)
    return Pair.of(str(folder))


LOST = "bad = 'row (\\d+) lost'\ngood = 'stored'\n"


def test_reads_what_programs_print(tmp_path: Path) -> None:
    runs = pair(tmp_path, "print('row 7 lost')", "print('stored')", LOST)
    assert runs.run() == Symptom("row 7 lost", "stored")


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ("print('stored')", "bad.py ended with status 0 and printed\n  stored\n"),
        ("print('row 7 lost'); raise SystemExit(3)", "ended with status 3 and printed\n  row 7"),
        ("print('row 7 lost'); print('more')", "printed\n  row 7 lost\nmore\n"),
        ("raise ValueError('wrong')", "printed\n  nothing\n(?s:.*)ValueError: wrong"),
    ],
)
def test_says_what_was_not_shown(bad: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(NotShownError, match=told):
        pair(tmp_path, bad, "print('stored')", LOST).run()


def test_ends_programs_that_take_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pairs._PATIENCE", 0.5)
    with pytest.raises(NotShownError, match=r"bad\.py took more than 0\.5 s"):
        pair(tmp_path, "import time; time.sleep(60)", "", LOST).run()


def test_compares_all_but_the_groups(tmp_path: Path) -> None:
    runs = pair(tmp_path, "", "", LOST)
    assert runs.alike(Symptom("row 7 lost", "stored"), Symptom("row 12 lost", "stored"))
    assert not runs.alike(Symptom("row 7 lost", "stored"), Symptom("row 7 found", "stored"))


def run_py(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, EXAMPLES / "run.py", *arguments],
        env=os.environ | environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_command_prints_a_table() -> None:
    done = run_py("lsa202")
    assert (done.returncode, done.stderr) == (0, "")
    assert "LSA202" in done.stdout
    assert "GET /notes/count: 0" in done.stdout


def test_command_knows_no_such_rule() -> None:
    done = run_py("LSA2020")
    assert done.returncode == 2
    assert "there is no rule 'LSA2020', the nearest is LSA202 (dead-event-handler)" in done.stderr


@pytest.mark.parametrize("url", ["postgresql://localhost:1/nothing", "nonsense"])
def test_command_reaches_no_server(url: str) -> None:
    done = run_py("LSA202", **{stage.SERVER: url})
    assert done.returncode == 2
    assert f"run.py: error: {stage.SERVER}: " in done.stderr
    assert "Traceback" not in done.stderr


def test_command_is_missing_packages() -> None:
    done = subprocess.run(
        [sys.executable, "-S", EXAMPLES / "run.py"],
        env=os.environ | {"PYTHONPATH": ""},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"run.py: error: No module .+: pip install -e '.+' first\n", done.stderr)
