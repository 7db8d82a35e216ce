"""flake8's door: the real flake8, in a process of its own, on projects that are written here."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import casebook
import pytest
from flake8.main.application import Application

from flake8_sqlalchemy_lifecycle import catalogue
from flake8_sqlalchemy_lifecycle.catalogue import Rule
from flake8_sqlalchemy_lifecycle.finding import Finding
from flake8_sqlalchemy_lifecycle.model.inference import Model

BAD = """\
from sqlalchemy import create_engine

engine = create_engine("sqlite+aiosqlite://")
"""
IMPORTING = """\
from settings import URL
from sqlalchemy import create_engine

engine = create_engine(URL)
"""
URL = 'URL = "sqlite+aiosqlite://"\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make an empty project that no configuration above it reaches."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".flake8").write_text("[flake8]\n")
    return tmp_path


def configure(project: Path, *lines: str) -> None:
    (project / ".flake8").write_text("\n".join(["[flake8]", *lines, ""]))


def run(cwd: Path, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flake8", *arguments],
        cwd=cwd,
        input=stdin,
        encoding="utf-8",
        capture_output=True,
        check=False,
    )


def flake8(cwd: Path, *arguments: str, stdin: str | None = None) -> list[str]:
    """Run flake8 and return its findings as `example.py:3:10 LSA105`, sorted."""
    done = run(cwd, "--format=%(path)s:%(row)d:%(col)d %(code)s", *arguments, stdin=stdin)
    assert done.stderr == ""
    assert done.returncode == (done.stdout != "")
    return sorted(line.removeprefix("./") for line in done.stdout.splitlines())


FOUND = ["example.py:3:10 LSA105"]


def test_is_known_to_flake8(project: Path) -> None:
    assert "flake8-sqlalchemy-lifecycle: " in run(project, "--version").stdout
    options = run(project, "--help").stdout
    assert all(
        f"--lsa-{name} " in options for name in ("enable", "source-roots", "target-versions")
    )


def test_says_code_and_message(project: Path) -> None:
    (project / "example.py").write_text(BAD)
    done = run(project)
    assert done.stdout.startswith("./example.py:3:10: LSA105 create_engine() ")
    assert done.stdout.count("\n") == done.returncode == 1


# What flake8 lets people choose


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ("--select=LSA", FOUND),
        ("--select=LSA105", FOUND),
        ("--ignore=E501", FOUND),
        ("--select=E,F", []),
        ("--ignore=LSA105", []),
        ("--extend-ignore=LSA1", []),
        ("--per-file-ignores=exam*.py:LSA105", []),
        ("--per-file-ignores=other.py:LSA105", FOUND),
        ("--exclude=example.py", []),
        ("--isolated -j4", FOUND),
        ("--disable-noqa", FOUND),
    ],
)
def test_selection(project: Path, arguments: str, found: list[str]) -> None:
    (project / "example.py").write_text(BAD)
    assert flake8(project, *arguments.split()) == found


@pytest.mark.parametrize(
    ("comment", "found"),
    [("# noqa", []), ("# noqa: LSA105", []), ("# noqa:E501,LSA105", []), ("# noqa: LSA101", FOUND)],
)
def test_noqa(project: Path, comment: str, found: list[str]) -> None:
    (project / "example.py").write_text(BAD.rstrip() + f"  {comment}\n")
    assert flake8(project) == found


def test_noqa_of_a_whole_file(project: Path) -> None:
    (project / "example.py").write_text("# flake8: noqa: LSA105\n" + BAD)
    assert flake8(project) == []


# What flake8 reads


def test_a_syntax_error_is_flake8s_alone(project: Path) -> None:
    (project / "example.py").write_text(BAD + "def\n")
    assert [line.split()[1] for line in flake8(project, "--select=E9,LSA")] == ["E999"]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (BAD.replace("\n", "\r\n").encode(), ["example.py:3:10 LSA105"]),
        (b"\xef\xbb\xbf" + BAD.encode(), ["example.py:3:10 LSA105"]),
        (f"# coding: latin-1\nx = 'ä'\n{BAD}".encode("latin-1"), ["example.py:5:10 LSA105"]),
        (f"# coding: latin-1\nx = 'ä'; {BAD}".encode("latin-1"), ["example.py:4:10 LSA105"]),
        (BAD.replace("engine =", "größe =").encode(), ["example.py:3:9 LSA105"]),
        (f"x = '\xff'\n{BAD}".encode("latin-1"), []),  # no program: Python refuses to read it
    ],
    ids=["crlf", "bom", "latin-1", "latin-1-line", "columns", "not-utf-8"],
)
def test_encodings(project: Path, data: bytes, found: list[str]) -> None:
    (project / "example.py").write_bytes(data)
    assert flake8(project, "--select=LSA") == found


def test_a_file_of_any_name(project: Path) -> None:
    (project / "serve").write_text(BAD)
    assert flake8(project, "serve") == ["serve:3:10 LSA105"]


def test_stdin_wins_over_the_disk(project: Path) -> None:
    (project / "example.py").write_text("x = 1\n")
    arguments = ("--stdin-display-name=example.py", "-")
    assert flake8(project, *arguments, stdin=BAD) == FOUND
    (project / "example.py").write_text(BAD)
    assert flake8(project, *arguments, stdin="x = 1\n") == []


def test_stdin_of_a_new_file_finds_its_neighbours(project: Path) -> None:
    (project / "app").mkdir()
    (project / "app" / "settings.py").write_text(URL)
    arguments = ("--stdin-display-name=app/new.py", "-")
    assert flake8(project, *arguments, stdin=IMPORTING) == ["app/new.py:4:10 LSA105"]


def test_stdin_without_a_name(project: Path) -> None:
    assert flake8(project, "-", stdin=BAD) == ["stdin:3:10 LSA105"]


# Options


@pytest.mark.parametrize("by", ["command line", "configuration"])
def test_source_roots(project: Path, by: str) -> None:
    for name, text in {"lib/more/settings.py": URL, "app/example.py": IMPORTING}.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    (project / "other").mkdir()
    found = ["app/example.py:4:10 LSA105"]
    assert flake8(project) == []
    if by == "command line":
        assert flake8(project, "--lsa-source-roots=other,lib/more") == found
    else:
        configure(project, "lsa-source-roots =", "    other", "    lib/more,")
        assert flake8(project) == found
        found = ["example.py:4:10 LSA105"]
        assert flake8(project / "app") == found  # the roots are the project's, wherever one stands


@pytest.mark.parametrize("by", ["command line", "configuration"])
def test_target_versions(project: Path, by: str) -> None:
    text = BAD.replace("create_engine", "create_async_engine").replace("+aiosqlite", "")
    text = text.replace("sqlalchemy import", "sqlalchemy.ext.asyncio import")
    (project / "example.py").write_text(text.replace("sqlite:", "postgresql:"))
    assert flake8(project) == []  # SQLAlchemy 2.1 takes psycopg for it, which can do both
    if by == "command line":
        assert flake8(project, "--lsa-target-versions=fastapi>=0.110,sqlalchemy>=2.0,<2.1") == FOUND
    else:
        configure(project, "lsa-target-versions =", "  fastapi >= 0.110", "  SQLAlchemy ~= 2.0.30")
        assert flake8(project) == FOUND


WRONG = {
    "lsa-enable=LSA999": "lsa-enable: there is no rule 'LSA999'",
    "lsa-enable=LSA1": "lsa-enable: there is no rule 'LSA1'",
    "lsa-source-roots=.,nowhere/src": "lsa-source-roots: there is no directory 'nowhere/src'",
    "lsa-target-versions=fastapi": "lsa-target-versions: 'fastapi' is not a library and its",
    "lsa-target-versions=fastapi=>1": "lsa-target-versions: 'fastapi=>1' is not a library and its",
    "lsa-target-versions=fastapi>=new": "lsa-target-versions: 'fastapi>=new' is not a library and",
    "lsa-target-versions=>=1": "lsa-target-versions: '>=1' is not a library and its versions",
    "lsa-target-versions=leftpad>=1": "lsa-target-versions: 'leftpad' is not a library we know",
}


@pytest.mark.parametrize(("option", "complaint"), WRONG.items(), ids=WRONG)
def test_a_wrong_value_is_one_clear_line(project: Path, option: str, complaint: str) -> None:
    (project / "example.py").write_text(BAD)
    by_command = run(project, f"--{option}")
    configure(project, option)
    by_configuration = run(project, "-j4")
    assert by_command.stdout == by_configuration.stdout
    heading, line, *rest = by_command.stdout.splitlines()
    assert "critical error" in heading  # flake8's own words
    assert line.startswith(complaint)
    assert rest == []
    for done in (by_command, by_configuration):
        assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize(
    ("arguments", "is_reported"),
    [
        ("", False),
        ("--ignore=E501", False),
        ("--select=LSA", False),
        ("--extend-select=LSA90", False),
        ("--lsa-enable=LSA901", True),
        ("--lsa-enable=opt-in-rule", True),
        ("--select=LSA901", True),
        ("--extend-select=E501,LSA901", True),
        ("--lsa-enable=LSA901 --ignore=LSA901", False),
    ],
)
def test_opt_in_rules(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: str,
    is_reported: bool,
) -> None:
    rule = Rule("LSA901", "opt-in-rule", ("engine",), default=False)

    @rule.check
    def report(model: Model) -> Iterator[Finding]:
        yield rule.at(model.linted.tree.body[0], "a statement")

    (project / "example.py").write_text(BAD)
    monkeypatch.chdir(project)
    monkeypatch.setattr(catalogue, "rules", lambda: (rule,))
    Application().run([*arguments.split(), "example.py"])
    assert capsys.readouterr().out == (
        "example.py:1:1: LSA901 a statement\n" if is_reported else ""
    )


# Same file, same project, same findings


Shop = tuple[Path, list[str], list[str]]
SHOP = Path(__file__).parent / "projects" / "shop.md"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Write the project of tests/projects/shop.md; its root, its files, and what flake8 finds."""
    (case,) = casebook.read_cases(SHOP)
    root = tmp_path_factory.mktemp("shop")
    case.write(root)
    (root / ".flake8").write_text(
        "[flake8]\nselect = LSA\nformat = %(path)s:%(row)d %(code)s %(text)s\n"
    )
    return root, case.python_files, lines(root, *case.python_files)


def lines(cwd: Path, *arguments: str, stdin: str | None = None) -> list[str]:
    return sorted(
        line.removeprefix("./") for line in run(cwd, *arguments, stdin=stdin).stdout.splitlines()
    )


def test_what_is_marked_is_found(shop: Shop) -> None:
    _, _, found = shop
    (case,) = casebook.read_cases(SHOP)
    assert [" ".join(line.split()[:2]) for line in found] == sorted(case.expected.elements())


def test_the_folder_gives_what_its_files_give(shop: Shop) -> None:
    root, _, found = shop
    assert lines(root) == found


def test_each_file_alone(shop: Shop) -> None:
    root, files, found = shop
    assert sorted(line for name in files for line in lines(root, name)) == found


def test_each_file_through_stdin(shop: Shop) -> None:
    root, files, found = shop
    through_stdin = [
        line
        for name in files
        for line in lines(
            root, f"--stdin-display-name={name}", "-", stdin=(root / name).read_text()
        )
    ]
    assert sorted(through_stdin) == found


def test_in_the_other_order(shop: Shop) -> None:
    root, files, found = shop
    assert lines(root, *reversed(files)) == found


@pytest.mark.parametrize("jobs", ["-j1", "-j2", "-j4"])
def test_by_any_number_of_jobs(shop: Shop, jobs: str) -> None:
    root, files, found = shop
    assert lines(root, jobs, *files) == found


def test_by_absolute_path_from_anywhere(shop: Shop, tmp_path: Path) -> None:
    root, files, found = shop
    config = f"--config={root / '.flake8'}"
    there = lines(tmp_path, config, *(str(root / name) for name in files))
    assert [line.replace(f"{root}/", "") for line in there] == found
    below = lines(root / "services" / "shop", "../../jobs", "../admin", "app")
    from_root = {"../../": "", "../admin": "services/admin", "app": "services/shop/app"}
    moved = [
        new + line.removeprefix(old)
        for line in below
        for old, new in from_root.items()
        if line.startswith(old)
    ]
    assert sorted(moved) == found


def test_whatever_is_installed(shop: Shop, tmp_path: Path) -> None:
    """Nothing comes from `sys.path`: a package `app` that can be imported changes nothing."""
    root, files, found = shop
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").write_text("raise SystemExit('imported')\n")
    (tmp_path / "app" / "db.py").write_text("engine = None\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from flake8.main.cli import main; "
    done = subprocess.run(
        [sys.executable, "-c", f"{code}sys.exit(main(sys.argv[1:]))", *files],
        cwd=root,
        text=True,
        capture_output=True,
        check=False,
    )
    assert sorted(done.stdout.splitlines()) == found
