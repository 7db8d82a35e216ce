"""`sqlalchemy-lifecycle check` and flake8 find the same in the same files."""

import json
import os
import subprocess
import sys
from itertools import cycle
from pathlib import Path

import casebook
import pytest

from flake8_sqlalchemy_lifecycle import catalogue

ROOT = Path(__file__).parent.parent
FLAKE8 = ["flake8"]
CHECK = ["flake8_sqlalchemy_lifecycle", "check"]

BAD = """\
from sqlalchemy import create_engine

engine = create_engine("sqlite+aiosqlite://")
"""
SAID = "LSA105 create_engine() gets the URL of an asyncio driver, sqlite+aiosqlite\n"


def run(
    command: list[str], cwd: Path, *arguments: str, stdin: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command, *arguments],
        cwd=cwd,
        env=os.environ | environment,
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def both_find(cwd: Path, *arguments: str, stdin: str | None = None) -> str:
    """Check that the two say the same and end alike; what they say."""
    ours = run(CHECK, cwd, *arguments, stdin=stdin)
    theirs = run(FLAKE8, cwd, *arguments, stdin=stdin)
    lines = theirs.stdout.splitlines(keepends=True)
    said = "".join(line for line in lines if " LSA" in line)
    assert (ours.stdout, ours.stderr) == (said, "")
    assert ours.returncode == (said != "")
    return said


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make a project with something to find in several places, which no configuration reaches."""
    (tmp_path / ".git").mkdir()
    for name in ("example.py", "app/db.py", "app/old/db.py", ".venv/db.py", "app/serve", "b.pyx"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(BAD)
    (tmp_path / "quiet.py").write_text(BAD.rstrip() + "  # noqa: LSA105\n")
    (tmp_path / "long.py").write_text(
        'from sqlalchemy import create_engine\nengine = create_engine(\n    "sqlite+aiosqlite://",\n'
        ")  # noqa\n"
    )
    (tmp_path / "whole.py").write_text("# flake8: noqa\n" + BAD)
    (tmp_path / "broken.py").write_text(BAD + "def\n")
    (tmp_path / "latin.py").write_bytes(f"# coding: latin-1\nx = 'ä'; {BAD}".encode("latin-1"))
    (tmp_path / "undecodable.py").write_bytes(f"x = '\xff'\n{BAD}".encode("latin-1"))
    (tmp_path / "empty.py").write_text("")
    return tmp_path


# The projects that the other tests know


@pytest.mark.parametrize("jobs", ["-j1", "-j3"])
def test_examples(jobs: str) -> None:
    assert both_find(ROOT, "--isolated", "--select=LSA", jobs, "examples").count("\n") > 20


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tests" / "projects").glob("*.md")), ids=lambda path: path.stem
)
@pytest.mark.parametrize("jobs", ["-j1", "-j4"])
def test_projects(path: Path, jobs: str, tmp_path: Path) -> None:
    for case in casebook.read_cases(path):
        root = tmp_path / case.title
        case.write(root)
        assert both_find(root, "--isolated", jobs)


def test_all_opt_in_rules_on_the_examples() -> None:
    both_find(ROOT, "--isolated", "--lsa-enable=LSA103,LSA108,LSA109,LSA310,LSA407", "examples")


# Options, on the command line and in files


CHOICES = [
    "",
    "select = LSA",
    "select = LSA1",
    "select = L",
    "select = E,LSA2",
    "select = E,W,F\nextend-select = LSA",
    "extend-select = B9",
    "ignore = E501,W503",
    "ignore = LSA",
    "extend-ignore = LSA105",
    "select = LSA105\nignore = LSA1",
    "per-file-ignores =\n    app/*: LSA105\n    example.py: E501",
    "per-file-ignores = example.py:LSA,E501",
    "exclude = app",
    "exclude = .venv,app/old\nextend-exclude = exam*",
    "extend-exclude = .venv",
    "filename = *.py,*.pyx,serve",
    "filename = ./app/*.py",
    "disable-noqa = true",
    "lsa-target-versions = sqlalchemy>=2.0",
    "lsa-source-roots = app",
    "max-complexity = 3\nmax-line-length = 20\nrequire-plugins = flake8-sqlalchemy-lifecycle",
    "jobs = 2\nunknown-option = 1",
]


@pytest.mark.parametrize(
    ("name", "lines"),
    list(zip(cycle([".flake8", "setup.cfg", "tox.ini"]), CHOICES, strict=False)),
)
def test_configuration_files(project: Path, name: str, lines: str) -> None:
    (project / ".flake8").unlink(missing_ok=True)
    (project / name).write_text(f"[flake8]\n{lines}\n")
    both_find(project)


def test_other_ways_to_a_configuration(project: Path) -> None:
    (project / ".flake8").write_text("[flake8]\nextend-exclude = .venv\n")
    (project / "other.cfg").write_text("[flake8]\nexclude = app\n")
    counts = [
        both_find(project, *arguments).count("\n")
        for arguments in ([], ["--isolated"], ["--config=other.cfg"], ["--append-config=other.cfg"])
    ]
    assert counts == [5, 6, 4, 3]
    assert both_find(project / "app").count("\n") == 2  # the file above counts here, too


@pytest.mark.parametrize(
    "arguments",
    [
        "example.py",
        "./example.py app ../{root}/app/serve b.pyx",
        "{path}/app",
        "app --exclude=old",
        "--select=LSA105 --ignore=LSA example.py",
        "--per-file-ignores=app/db.py:LSA105",
        "--disable-noqa -j 4",
        "broken.py undecodable.py empty.py",
        "example.py example.py",
        "--filename=serve,*.py --extend-exclude=.venv,example.py",
        "--show-source example.py --format=%(path)s+%(row)d+%(code)s+LSA",
    ],
)
def test_arguments(project: Path, arguments: str) -> None:
    given = arguments.format(root=project.name, path=project).split()
    if "--show-source" in given:
        assert run(CHECK, project, *given).stdout == run(FLAKE8, project, *given).stdout
    else:
        both_find(project, "--select=LSA", *given)


def test_stdin(project: Path) -> None:
    assert both_find(project, "-", stdin=BAD) == f"stdin:3:10: {SAID}"
    arguments = ("--stdin-display-name=app/new.py", "-")
    assert both_find(project, *arguments, stdin=BAD) == f"app/new.py:3:10: {SAID}"
    assert both_find(project, *arguments, "--exclude=app/*", stdin=BAD) == ""


def test_a_selection_for_other_plugins_is_no_wish_to_see_nothing(project: Path) -> None:
    (project / ".flake8").write_text("[flake8]\nselect = E,F,W,B\nextend-select = B9\n")
    assert both_of(project, "example.py") == (f"example.py:3:10: {SAID}", "")
    (project / ".flake8").write_text("[flake8]\nselect = E,F\nextend-select = LSA2\n")
    assert both_of(project, "example.py") == ("", "")


def both_of(project: Path, *arguments: str) -> tuple[str, str]:
    theirs = [
        line for line in run(FLAKE8, project, *arguments).stdout.splitlines() if "LSA" in line
    ]
    return run(CHECK, project, *arguments).stdout, "\n".join(theirs)


def test_a_configured_format_is_flake8s_matter(project: Path) -> None:
    (project / ".flake8").write_text("[flake8]\nformat = pylint\n")
    for arguments in ([], ["--format=text"]):
        assert run(CHECK, project, "example.py", *arguments).stdout == f"example.py:3:10: {SAID}"


def test_other_plugins_are_not_loaded(project: Path) -> None:
    (project / ".flake8").write_text(
        "[flake8]\nrequire-plugins = flake8-nowhere\n[flake8:local-plugins]\nextension = X = no:X\n"
    )
    assert run(CHECK, project, "example.py").stdout == f"example.py:3:10: {SAID}"


OPT_IN = {
    "LSA103": "from sqlalchemy import create_engine\nengine = create_engine('sqlite://')\n",
    "LSA108": "from sqlalchemy import create_engine\n"
    "def make():\n    return create_engine('postgresql://db/x')\n",
    "LSA109": "from sqlalchemy import create_engine\n"
    "engine = create_engine('postgresql://me:secret@db/x')\n",
    "LSA310": "from sqlalchemy.ext.asyncio import async_sessionmaker\nmaker = async_sessionmaker()\n",
    "LSA407": """\
from fastapi import BackgroundTasks, Depends, FastAPI
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

app = FastAPI()
engine = create_engine("sqlite://")


def get_db():
    with Session(engine) as session:
        yield session


def work(db: Session):
    db.execute("select 1")


@app.get("/")
def index(tasks: BackgroundTasks, db: Session = Depends(get_db)):
    tasks.add_task(work, db)
""",
}


def test_knows_all_opt_in_rules() -> None:
    assert set(OPT_IN) == {rule.code for rule in catalogue.rules() if not rule.default}


@pytest.mark.parametrize(
    ("lines", "reported"),
    [
        ("", set()),
        ("ignore = E501", set()),
        ("extend-ignore = E501", set()),
        ("select = LSA", set()),
        ("select = LSA1,LSA3,LSA4", set()),
        ("extend-select = LSA,LSA10,LSA31,LSA40", set()),
        ("select = LSA103,LSA310", {"LSA103", "LSA310"}),
        ("extend-select = LSA108,LSA407", {"LSA108", "LSA407"}),
        ("lsa-enable = LSA109,expire-on-commit", {"LSA109", "LSA310"}),
        ("lsa-enable = LSA103,LSA109\nignore = LSA103", {"LSA109"}),
        ("lsa-enable = {all}\nselect = E,F,LSA", set(OPT_IN)),
        ("select = {all}", set(OPT_IN)),
    ],
)
def test_opt_in_rules(project: Path, lines: str, reported: set[str]) -> None:
    for code, text in OPT_IN.items():
        (project / f"{code}.py").write_text(text)
    (project / ".flake8").write_text(f"[flake8]\n{lines.format(all=','.join(OPT_IN))}\n")
    said = both_find(project, *(f"{code}.py" for code in OPT_IN))
    assert {line.split()[1] for line in said.splitlines()} & OPT_IN.keys() == reported


# What only this command has


def test_json(project: Path) -> None:
    done = run(CHECK, project, "--format=json", "example.py", "app/db.py", "empty.py")
    assert done.returncode == 1
    findings = json.loads(done.stdout)
    assert [finding["path"] for finding in findings] == ["app/db.py", "example.py"]
    assert findings[1] == {
        "path": "example.py",
        "line": 3,
        "column": 10,
        "code": "LSA105",
        "name": "driver-mismatch",
        "message": SAID.removeprefix("LSA105 ").rstrip(),
        "url": findings[1]["url"],
    }
    assert findings[1]["url"].endswith("/LSA105.md")
    clean = run(CHECK, project, "--format=json", "empty.py")
    assert (clean.returncode, json.loads(clean.stdout)) == (0, [])


def test_exit_status_and_counts(project: Path) -> None:
    done = run(CHECK, project, "example.py", "--count")
    assert (done.returncode, done.stdout) == (1, f"example.py:3:10: {SAID}1\n")
    assert run(CHECK, project, "example.py", "--exit-zero").returncode == 0
    done = run(CHECK, project, "empty.py", "quiet.py")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert run(CHECK, project, "-q", "example.py").stdout == "example.py\n"
    assert run(CHECK, project, "-qq", "example.py").stdout == ""


def test_no_color(project: Path) -> None:
    assert "\033" in run(CHECK, project, "--color=always", "example.py").stdout
    assert "\033" not in run(CHECK, project, "example.py", NO_COLOR="1").stdout


def test_without_the_work_for_other_plugins(project: Path) -> None:
    """What makes it quick: no tokens are made of files in which nothing is found."""
    code = (
        "import sys, tokenize\n"
        "from flake8_sqlalchemy_lifecycle.cli import main\n"
        "tokenize.generate_tokens = None\n"
        "status = main(['check', '-j1', 'app/clean.py'])\n"
        "print(status, 'pycodestyle' in sys.modules, 'mccabe' in sys.modules)\n"
    )
    (project / "app" / "clean.py").write_text(BAD.replace("+aiosqlite", ""))
    done = run(["flake8_sqlalchemy_lifecycle", "--version"], project)
    assert done.returncode == 0
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("0 False False\n", "")
