"""`sqlalchemy-lifecycle fix`: which files it changes, how it writes them, and what it says."""

import contextlib
import io
import os
import pty
import stat
import subprocess
import sys
import termios
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from flake8_sqlalchemy_lifecycle import cli, disk
from flake8_sqlalchemy_lifecycle.fix import fix

COMMAND = [sys.executable, "-m", "flake8_sqlalchemy_lifecycle", "fix"]

BAD = """\
from sqlalchemy.ext.asyncio import AsyncSession


async def save(session: AsyncSession, note: object) -> None:
    await session.add(note)
    await session.commit()
"""
GOOD = BAD.replace("await session.add", "session.add")
UNFIXABLE = """\
from asyncio import gather
from sqlalchemy.ext.asyncio import AsyncSession

async def both(session: AsyncSession) -> None:
    await gather(session.commit(), session.flush())
"""
SAID = (
    "LSA402 concurrent tasks share one AsyncSession, session (db.py:4): "
    "session.commit() and session.flush() use it at the same time"
)


def run(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in this process, which spares its imports."""
    said, complained = io.StringIO(), io.StringIO()
    with contextlib.chdir(cwd), redirect_stdout(said), redirect_stderr(complained):
        try:
            status = cli.main(["fix", *arguments])
        except SystemExit as end:  # argparse has read nonsense
            status = int(end.code or 0)
    return subprocess.CompletedProcess([], status, said.getvalue(), complained.getvalue())


def start(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a process of its own."""
    return subprocess.run([*COMMAND, *arguments], cwd=cwd, capture_output=True, check=False)


def fixes(cwd: Path, *arguments: str) -> list[str]:
    """Run the command, which must go well, and list the files that it has changed."""
    before = texts(cwd)
    done = run(cwd, *arguments)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return sorted(name for name, text in texts(cwd).items() if text != before[name])


def texts(cwd: Path) -> dict[str, bytes]:
    return {
        path.relative_to(cwd).as_posix(): path.read_bytes()
        for path in cwd.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make a project of one bad file, which no configuration above it reaches."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".flake8").write_text("[flake8]\n")
    (tmp_path / "notes.py").write_text(BAD)
    return tmp_path


def test_fixes_a_file(project: Path) -> None:
    done = start(project)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"1 fixed in 1 file\n", b"")
    assert (project / "notes.py").read_text() == GOOD
    assert run(project).stdout == "nothing to fix\n"
    assert (project / "notes.py").read_text() == GOOD
    assert sorted(texts(project)) == [".flake8", "notes.py"]


# Which files


@pytest.mark.parametrize(
    ("lines", "changed"),
    [
        ("", ["app/notes.py", "notes.py"]),
        ("exclude = app", ["notes.py"]),
        ("ignore = LSA306", []),
        ("extend-ignore = LSA3", []),
        ("select = LSA1", []),
        ("select = LSA306", ["app/notes.py", "notes.py"]),
        ("per-file-ignores = app/*: LSA306", ["notes.py"]),
        ("filename = app/*.py, ./app/*.py", ["app/notes.py"]),
    ],
)
def test_configuration(project: Path, lines: str, changed: list[str]) -> None:
    (project / "app").mkdir()
    (project / "app" / "notes.py").write_text(BAD)
    (project / ".flake8").write_text(f"[flake8]\n{lines}\n")
    assert fixes(project) == changed


@pytest.mark.parametrize(
    ("arguments", "changed"),
    [
        (["notes.py"], ["notes.py"]),
        (["--select=LSA306", "."], ["notes.py"]),
        (["--select=LSA1"], []),
        (["--ignore=LSA306"], []),
        (["--select=LSA", "--ignore=LSA3"], []),
        (["--exclude=notes.py"], []),
        (["-j1"], ["notes.py"]),
        (["-j4"], ["notes.py"]),
    ],
)
def test_arguments(project: Path, arguments: list[str], changed: list[str]) -> None:
    assert fixes(project, *arguments) == changed


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        (BAD.replace("add(note)", "add(note)  # noqa"), []),
        (BAD.replace("add(note)", "add(note)  # noqa: LSA306"), []),
        (BAD.replace("add(note)", "add(note)  # noqa: LSA101"), ["notes.py"]),
        (BAD.replace("add(note)", "add(  # noqa: LSA306\n        note\n    )"), []),
        (BAD.replace("add(note)", "add(\n        note\n    )  # noqa: LSA306"), ["notes.py"]),
        ("# flake8: noqa\n" + BAD, []),
    ],
)
def test_noqa(project: Path, text: str, changed: list[str]) -> None:
    (project / "notes.py").write_text(text)
    assert fixes(project) == changed
    (project / "notes.py").write_text(text)
    assert fixes(project, "--disable-noqa") == ["notes.py"]


def test_files_that_are_no_python_are_left_alone(project: Path) -> None:
    (project / "broken.py").write_text(BAD + "def\n")
    (project / "undecodable.py").write_bytes(BAD.encode() + b"x = '\xff'\n")
    (project / "strange.py").write_bytes(b"# coding: klingon\n" + BAD.encode())
    assert fixes(project) == ["notes.py"]


def test_the_fix_of_one_file_is_seen_by_others(project: Path) -> None:
    """In the second round; however many processes there are, the outcome is the same."""
    (project / "notes.py").unlink()
    (project / "settings.py").write_text(
        "from sqlalchemy import NullPool, create_engine\n"
        'jobs = create_engine("postgresql://db/x", poolclass=NullPool, pool_size=3)\n'
    )
    for number in range(12):
        (project / f"file{number}.py").write_text("import settings\n" + BAD)
    before = texts(project)
    results = []
    for jobs in ("-j1", "-j3"):
        done = start(project, jobs)
        assert (done.returncode, done.stdout) == (0, b"13 fixed in 13 files\n")
        results.append(texts(project))
        for name, data in before.items():
            (project / name).write_bytes(data)
    assert results[0] == results[1]


# How they are written


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(BAD.encode(), GOOD.encode(), id="plain"),
        pytest.param(
            BAD.replace("\n", "\r\n").encode(), GOOD.replace("\n", "\r\n").encode(), id="crlf"
        ),
        pytest.param(
            BAD.replace("\n", "\r\n", 3).encode(),
            GOOD.replace("\n", "\r\n", 3).encode(),
            id="mixed",
        ),
        pytest.param(b"\xef\xbb\xbf" + BAD.encode(), b"\xef\xbb\xbf" + GOOD.encode(), id="bom"),
        pytest.param(BAD.rstrip().encode(), GOOD.rstrip().encode(), id="no-end"),
        pytest.param((BAD + "\n\n \n").encode(), (GOOD + "\n\n \n").encode(), id="blank-end"),
        pytest.param(
            BAD.replace("    ", "\t").encode(), GOOD.replace("    ", "\t").encode(), id="tabs"
        ),
        pytest.param(
            BAD.replace("    await session.add", "    'äöü€😀'; await session.add").encode(),
            GOOD.replace("    session.add", "    'äöü€😀'; session.add").encode(),
            id="non-ascii",
        ),
        pytest.param(
            ("# -*- coding: latin-1 -*-\n" + BAD + "x = 'ä'\n").encode("latin-1"),
            ("# -*- coding: latin-1 -*-\n" + GOOD + "x = 'ä'\n").encode("latin-1"),
            id="latin-1",
        ),
        pytest.param(
            BAD.replace("async def", "\f\nasync def").encode(),
            GOOD.replace("async def", "\f\nasync def").encode(),
            id="form-feed",
        ),
    ],
)
def test_all_else_stays_byte_for_byte(project: Path, before: bytes, after: bytes) -> None:
    (project / "notes.py").write_bytes(before)
    assert fixes(project) == ["notes.py"]
    assert (project / "notes.py").read_bytes() == after
    assert fixes(project) == []


def test_permissions_stay(project: Path) -> None:
    (project / "notes.py").chmod(0o751)
    fixes(project)
    assert stat.S_IMODE((project / "notes.py").stat().st_mode) == 0o751


def test_symlinks_are_followed_to_their_file(project: Path) -> None:
    (project / "real").mkdir()
    (project / "notes.py").rename(project / "real" / "notes.py")
    (project / "notes.py").symlink_to(Path("real") / "notes.py")
    assert run(project, "notes.py").stdout == "1 fixed in 1 file\n"
    assert (project / "notes.py").is_symlink()
    assert (project / "real" / "notes.py").read_text() == GOOD
    (project / "real" / "notes.py").write_text(BAD)
    assert run(project).stdout == "1 fixed in 1 file\n"  # by two names
    assert (project / "notes.py").is_symlink()


def test_a_read_only_file_is_an_error_for_itself(project: Path) -> None:
    (project / "fixed.py").write_text(BAD)
    (project / "notes.py").chmod(0o444)
    done = run(project)
    assert done.returncode == 2
    assert done.stdout == "1 fixed in 1 file\n"
    assert done.stderr == "sqlalchemy-lifecycle fix: error: ./notes.py: it is read-only\n"
    assert (project / "notes.py").read_text() == BAD
    assert (project / "fixed.py").read_text() == GOOD


def test_a_file_that_was_changed_meanwhile_stays(project: Path) -> None:
    path = project / "notes.py"
    file = disk.read(str(path))
    assert file is not None
    path.write_text(BAD + "# more\n")
    with pytest.raises(disk.NotWrittenError, match="changed meanwhile"):
        disk.write(file, GOOD)
    assert path.read_text() == BAD + "# more\n"


def test_what_the_encoding_lacks_is_not_written(project: Path) -> None:
    path = project / "notes.py"
    path.write_text("# coding: latin-1\n" + BAD)
    file = disk.read(str(path))
    assert file is not None
    with pytest.raises(disk.NotWrittenError, match="iso-8859-1"):
        disk.write(file, "# €\n")


def test_an_interrupted_write_leaves_the_old_file(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(project)
    monkeypatch.setattr(os, "replace", interrupt)
    assert fix(["-j1"]) == 130
    assert (project / "notes.py").read_text() == BAD
    assert sorted(texts(project)) == [".flake8", "notes.py"]


# What it says


def test_what_is_left_is_said_with_its_reason(project: Path) -> None:
    (project / "db.py").write_text(UNFIXABLE.replace("await", "'ä'; await", 1))
    done = run(project)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "1 fixed in 1 file, 1 left:",
        f"./db.py:5:16: {SAID} [there is no fix]",
    ]
    assert run(project).stdout.splitlines()[0] == "1 left:"


def test_diff_shows_and_writes_nothing(project: Path) -> None:
    (project / "notes.py").write_bytes(BAD.rstrip().replace("\n", "\r\n").encode())
    done = run(project, "--diff")
    assert done.returncode == 1
    assert done.stderr == "1 would be fixed in 1 file\n"
    assert (project / "notes.py").read_bytes() == BAD.rstrip().replace("\n", "\r\n").encode()
    patch = start(project, "--diff").stdout
    assert b"\n\\ No newline at end of file\n" in patch
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    subprocess.run(["git", "apply", "-p0"], input=patch, cwd=project, check=True)
    assert (project / "notes.py").read_bytes() == GOOD.rstrip().replace("\n", "\r\n").encode()
    assert run(project, "--diff").returncode == 0


def test_check_tells_by_its_exit_status(project: Path) -> None:
    done = run(project, "--check")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    assert (project / "notes.py").read_text() == BAD
    (project / "notes.py").write_text(GOOD)
    assert run(project, "--check").returncode == 0
    (project / "notes.py").write_text(UNFIXABLE)
    assert run(project, "--check").returncode == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.py"], "there is no file or directory 'missing.py'"),
        (["-"], "stdin cannot be fixed"),
        (["--select=LSA999"], "there is no rule 'LSA999'"),
        (["--config=missing.cfg"], "missing.cfg"),
        (["--unknown"], "unrecognized arguments: --unknown"),
    ],
)
def test_wrong_usage(project: Path, arguments: list[str], said: str) -> None:
    done = run(project, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def on_a_terminal(cwd: Path, *arguments: str, **environment: str) -> str:
    """Run the command on a terminal of its own; all that it shows there."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    variables = {k: v for k, v in os.environ.items() if k not in ("CI", "NO_COLOR")}
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=cwd,
        env=variables | {"TERM": "xterm"} | environment,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    try:
        while data := os.read(ours, 4096):
            shown += data
    except OSError:  # how Linux says that the other end is closed
        pass
    process.wait()
    os.close(ours)
    return shown.decode()


def test_colours_and_progress_on_a_terminal(project: Path) -> None:
    shown = on_a_terminal(project, "--diff")
    assert "\033[31m-    await session.add(note)\033[0m" in shown
    assert "\033[32m+    session.add(note)\033[0m" in shown
    assert "file/s" in shown
    assert "\033[3" not in on_a_terminal(project, "--diff", NO_COLOR="1")
    assert "file/s" not in on_a_terminal(project, "--diff", CI="true")
    assert "\033[31m" in run(project, "--diff", "--color=always").stdout
