"""The bookshop works after the repair and did not before, and the linter finds why."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import stage
from marks import findings, marks
from pairs import EXAMPLES

SHOP = EXAMPLES / "bookshop"


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """Start PostgreSQL once; the variables by which programs find it, and the stage."""
    with stage.server() as url:
        path = os.pathsep.join(filter(None, (str(EXAMPLES), os.environ.get("PYTHONPATH"))))
        yield os.environ | {stage.SERVER: url, "PYTHONPATH": path}


@pytest.mark.slow
def test_one_survives_the_load_and_the_other_does_not(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, SHOP / "compare.py"],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    before, after = done.stdout.splitlines()
    assert after == (
        "after: 0 of 300 requests failed, 0 of 30 tasks failed,"
        " 0 of 30 cancelled orders are still there, 0 backends are left open"
    )
    expected = re.fullmatch(
        r"before: (\d+) of 300 requests failed \(mostly TimeoutError: QueuePool limit .+\),"
        r" (\d+) of 30 tasks failed, 30 of 30 cancelled orders are still there,"
        r" (\d+) backends are left open",
        before,
    )
    assert expected, before
    requests, tasks, backends = map(int, expected.groups())
    assert requests > 100
    assert tasks > 10
    assert backends > 0


def test_own_tests_pass(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=SHOP / "after",
        env=environment,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"^9 passed", done.stdout, re.MULTILINE)


def test_linter_finds_what_is_marked_and_nothing_else() -> None:
    expected = marks(SHOP / "before")
    assert findings("bookshop") == expected
    assert len({code for _, _, code in expected}) >= 12


@pytest.mark.parametrize("version", ["before", "after"])
def test_each_version_is_a_project_of_its_own(version: str, tmp_path: Path) -> None:
    shutil.copytree(SHOP / version, tmp_path / "shop")
    assert findings(".", folder=tmp_path / "shop") == marks(SHOP / version, SHOP / version)


def test_versions_have_the_same_modules() -> None:
    before, after = (
        {path.relative_to(SHOP / version) for path in (SHOP / version / "app").rglob("*.py")}
        for version in ("before", "after")
    )
    assert before == after
