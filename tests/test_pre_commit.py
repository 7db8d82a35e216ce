"""The hooks, run by pre-commit itself from a repository of its own that holds what would be committed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_fix import BAD, GOOD

ROOT = Path(__file__).parent.parent
PACKAGE = ["pyproject.toml", ".pre-commit-hooks.yaml", "README.md", "LICENSE", "src"]


def git(cwd: Path, *arguments: str) -> None:
    """Run git without the settings of whoever runs the tests."""
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=cwd, check=True, capture_output=True)


def commit(folder: Path) -> Path:
    git(folder, "init", "-q")
    git(folder, "add", "--all")
    git(folder, "commit", "-q", "--no-verify", "-m", "All")
    return folder


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a repository of the package alone."""
    folder = tmp_path_factory.mktemp("hooks")
    for name in PACKAGE:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, folder / name)
    return commit(folder)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.mark.slow
def test_hooks(hooks: Path, cache: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.py").write_text(BAD)
    (tmp_path / "old.py").write_text(BAD)
    (tmp_path / "quiet.py").write_text(BAD.replace("add(note)", "add(note)  # noqa: LSA306"))
    (tmp_path / "setup.cfg").write_text("[flake8]\nexclude = old.py\n")
    commit(tmp_path)

    def run(hook: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pre_commit", "try-repo", str(hooks), hook, "--all-files"],
            cwd=tmp_path,
            env=os.environ | {"PRE_COMMIT_HOME": str(cache), "PRE_COMMIT_COLOR": "never"},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    checked = run("flake8-sqlalchemy-lifecycle")
    assert checked.returncode == 1
    assert "notes.py:5:5: LSA306" in checked.stdout
    assert "old.py" not in checked.stdout
    assert "quiet.py" not in checked.stdout

    fixed = run("sqlalchemy-lifecycle-fix")
    assert fixed.returncode == 1  # files were modified by this hook
    assert "1 fixed in 1 file" in fixed.stdout
    assert (tmp_path / "notes.py").read_text() == GOOD
    assert (tmp_path / "old.py").read_text() == BAD

    assert run("sqlalchemy-lifecycle-fix").returncode == 0
    assert run("flake8-sqlalchemy-lifecycle").returncode == 0
