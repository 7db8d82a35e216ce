"""The command's door: `sqlalchemy-lifecycle`, in a process of its own unless a test must look inside."""

import io
import json
import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from flake8_sqlalchemy_lifecycle import __version__, catalogue, cli, terminal

ROOT = Path(__file__).parent.parent
COMMAND = [sys.executable, "-m", "flake8_sqlalchemy_lifecycle"]
RULES = catalogue.rules()

BAD = """\
from sqlalchemy import create_engine

engine = create_engine("sqlite+aiosqlite://")
"""
FOUND = (
    "example.py:3:10: LSA105 create_engine() gets the URL of an asyncio driver, sqlite+aiosqlite\n"
)


def run(*arguments: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make a project of one bad file, which no configuration above it reaches."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".flake8").write_text("[flake8]\n")
    (tmp_path / "example.py").write_text(BAD)
    return tmp_path


def test_is_installed_as_a_command() -> None:
    (entry_point,) = entry_points(group="console_scripts", name="sqlalchemy-lifecycle")
    assert entry_point.load() is cli.main


# rules


def test_rules_as_a_table() -> None:
    lines = run("rules").stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [[rule.code, rule.name] for rule in RULES]
    states = ["opt-in" if not rule.default else "on" for rule in RULES]
    assert [line.split()[2] for line in lines] == states


def test_rules_as_json() -> None:
    listed = json.loads(run("rules", "--format=json").stdout)
    assert [rule["code"] for rule in listed] == [rule.code for rule in RULES]
    assert listed[0] == {
        "code": "LSA101",
        "name": "engine-in-request-path",
        "family": "engine",
        "default": True,
        "fix": None,
        "frameworks": list(RULES[0].frameworks),
        "summary": "an engine is created for every request",
        "url": f"{catalogue.PAGES}/LSA101.md",
    }


def test_rules_as_markdown() -> None:
    assert run("rules", "--format", "markdown").stdout == catalogue.table(RULES)


# explain


@pytest.mark.parametrize("asked", ["LSA402", "lsa402", "session-across-tasks"])
def test_explains_by_code_and_by_name(asked: str) -> None:
    page = run("explain", asked).stdout
    assert page.startswith("LSA402 session-across-tasks (on by default)\n\nSession across tasks: ")
    assert page.endswith(f"\n\n{catalogue.find('LSA402').url}\n")
    assert "\nWhy\n\n" in page
    assert "```" not in page
    assert "# error" not in page
    assert "\033" not in page


def test_explains_several_and_all() -> None:
    two = run("explain", "LSA501", "LSA101").stdout
    assert two.index("LSA501 session-across-fork (") < two.index("LSA101 engine-in-request-path (")
    everything = run("explain", "--all").stdout
    assert all(f"{rule.code} {rule.name} (" in everything for rule in RULES)


def test_errors_stand_on_lines_of_their_own() -> None:
    page = run("explain", "LSA402").stdout
    assert "\n    InvalidRequestError: Session is already flushing\n" in page


def test_pages_fit_the_terminal() -> None:
    page = run("explain", "LSA101", COLUMNS="60").stdout
    prose = [line for line in page.splitlines() if not line.startswith("    ")]
    assert all(len(line) <= 60 for line in prose if " " in line.removeprefix("- "))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colours_only_on_a_terminal_that_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    rule = catalogue.find("LSA101")
    assert "\033[1mWhy\033[0m" in terminal.page(rule, terminal.look_of(Terminal()))
    assert "\033" not in terminal.page(rule, terminal.look_of(io.StringIO()))
    monkeypatch.setenv("NO_COLOR", "")  # as good as not there, says no-color.org
    assert "\033" in terminal.page(rule, terminal.look_of(Terminal()))
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\033" not in terminal.page(rule, terminal.look_of(Terminal()))


# Wrong usage


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("explain LSA40", "error: there is no rule 'LSA40', the nearest is LSA40"),
        ("explain LSA101 session-acros-task", "'session-acros-task', the nearest is LSA402 (sess"),
        ("explain dispose-not-waited", "the nearest is LSA107 (dispose-not-awaited)"),
        ("explain ''", "there is no rule \"''\", the nearest is LSA"),
        ("check --select=LSA99", "error: --select: there is no rule 'LSA99', the nearest is LSA"),
        ("check --extend-ignore E501,LSA606", "error: --extend-ignore: there is no rule 'LSA606'"),
        ("check --lsa-enable=import-time-engin", "the nearest is LSA103 (import-time-engine)"),
        ("check --lsa-target-versions=leftpad>1", "error: lsa-target-versions: 'leftpad' is not"),
        ("check nowhere.py", "error: there is no file or directory 'nowhere.py'"),
        ("check --format=xml", "error: --format: 'xml' is neither text nor json"),
        ("check --config=nowhere.cfg", "error: The specified config file does not exist: nowhere"),
        ("check --ignore=E501 --append-config=bad.cfg", "supplied to 'ignore' option does not"),
        ("check --append-config=worse.cfg", "option 'select' in section 'flake8' already exists"),
    ],
)
def test_a_wrong_argument_is_one_clear_line(project: Path, arguments: str, complaint: str) -> None:
    (project / "bad.cfg").write_text("[flake8]\nignore = E501 # why\n")
    (project / "worse.cfg").write_text("[flake8]\nselect = E\nselect = F\n")
    done = run(*arguments.split(" "), cwd=project)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("sqlalchemy-lifecycle")
    assert complaint in line


@pytest.mark.parametrize(
    "arguments",
    ["", "lint", "rules --format=xml", "explain", "explain --all LSA101", "check --frobnicate"],
)
def test_wrong_usage(project: Path, arguments: str) -> None:
    done = run(*arguments.split(), cwd=project)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: sqlalchemy-lifecycle")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", ["--help", "rules --help", "explain --help", "check --help"])
def test_help(arguments: str) -> None:
    done = run(*arguments.split())
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: sqlalchemy-lifecycle {arguments.partition('-')[0]}")


def test_version() -> None:
    assert run("--version").stdout == f"sqlalchemy-lifecycle {__version__}\n"


# Streams that do not take what is written


SAYS = ["rules", "explain --all", "check examples", "check --format=json examples", "--help"]


@pytest.mark.parametrize("arguments", SAYS)
def test_a_reader_that_goes_away(arguments: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*COMMAND, *arguments.split()],
        cwd=ROOT,
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert done.stderr == b""
    assert done.returncode == arguments.startswith("check")


@pytest.mark.skipif(os.name == "nt", reason="needs a shell of Unix")
@pytest.mark.parametrize("arguments", SAYS)
@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-"])
def test_closed_streams(arguments: str, closed: str) -> None:
    shell = f"exec {' '.join(COMMAND)} {arguments} {closed}"
    done = subprocess.run(shell, shell=True, cwd=ROOT, capture_output=True, check=False)
    assert done.stderr == b""
    assert done.returncode == arguments.startswith("check")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")
@pytest.mark.parametrize("arguments", SAYS[:-1])  # argparse, which gives help, keeps it to itself
def test_a_full_disk(arguments: str) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, *arguments.split()],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", SAYS)
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_terminals_that_know_few_characters(arguments: str, encoding: str) -> None:
    done = subprocess.run(
        [*COMMAND, *arguments.split()],
        cwd=ROOT,
        env=os.environ | {"PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    assert done.stderr == b""
    assert done.stdout


def test_an_error_of_our_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(catalogue, "rules", broken)
    assert cli.main(["rules"]) == 2
    assert "RuntimeError: broken" in capsys.readouterr().err


def test_the_plugin_does_not_pay_for_the_command() -> None:
    code = (
        "import sys, flake8_sqlalchemy_lifecycle.plugin\n"
        "names = ('cli', 'check', 'check_options', 'terminal', 'documentation')\n"
        "print(*(n for n in names if f'flake8_sqlalchemy_lifecycle.{n}' in sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
