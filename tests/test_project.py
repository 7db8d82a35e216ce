"""The project model on real files: what imports lead to, what is read, and what never is."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import pytest

from flake8_sqlalchemy_lifecycle.model.project import Project, Source, find_root


def write(folder: Path, **files: str) -> None:
    """Writes files given as `app__db="text"` (app/db.py); `app___` is app/__init__.py."""
    for name, text in files.items():
        parts = name.replace("___", "__@init@").split("__")
        path = folder.joinpath(*parts).with_suffix(".py")
        path = path.with_name(path.name.replace("@init@", "__init__"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def resolve(
    root: Path, importer: str, dotted: str, level: int = 0, **options: object
) -> str | None:
    project = Project(str(root), **options)  # type: ignore[arg-type]
    found = project.resolve(str(root / importer), dotted, level)
    return None if found is None else project.display(found)


def imported(root: Path, path: str) -> list[str]:
    project = Project(str(root))
    return [project.display(file) for file in project.imported(str(root / path))]


def closure(project: Project, path: Path) -> list[str]:
    return [project.display(file) for file in project.closure(str(path))]


# What an import leads to


def test_absolute_imports_start_beside_the_outermost_package(root: Path) -> None:
    write(root, app___="", app__db="", app__api___="", app__api__users="")
    assert resolve(root, "app/api/users.py", "app.db") == "app/db.py"
    assert resolve(root, "app/api/users.py", "app.api") == "app/api/__init__.py"
    assert resolve(root, "app/api/users.py", "app") == "app/__init__.py"
    assert resolve(root, "app/api/users.py", "db") is None


def test_a_program_may_run_inside_its_package(root: Path) -> None:
    write(root, app___="", app__core___="", app__core__db="", app__main="", app__api__users="")
    write(root, app__api___="", app__api__core__db="", app__core__api__users="")
    assert resolve(root, "app/main.py", "core.db") == "app/core/db.py"
    assert resolve(root, "app/api/users.py", "core.db") == "app/core/db.py"  # not the nearer one
    assert resolve(root, "app/main.py", "core") is None  # it may be a library
    assert resolve(root, "app/main.py", "core.cache") is None
    write(root, core__db="")
    assert resolve(root, "app/main.py", "core.db") == "core/db.py"


def test_one_word_of_a_program_inside_its_package_may_be_a_library(root: Path) -> None:
    write(root, app___="", app__settings="URL = TOKEN = None", app__queue_="class Queue: ...")
    write(root, app__main="from settings import (\n    URL,\n    TOKEN as t,\n)\nimport queue_")
    write(root, app__other="from settings import Dynaconf", app__jobs___="", app__jobs__one="")
    write(root, app__jobs__one="from settings import URL")
    assert resolve(root, "app/main.py", "settings") == "app/settings.py"
    assert resolve(root, "app/jobs/one.py", "settings") == "app/settings.py"
    assert resolve(root, "app/other.py", "settings") is None
    assert resolve(root, "app/main.py", "queue_") is None


def test_relative_imports_go_by_folder(root: Path) -> None:
    write(root, app___="", app__db="", app__api___="", app__api__users="", app__api__deps="")
    users = "app/api/users.py"
    assert resolve(root, users, "deps", 1) == "app/api/deps.py"
    assert resolve(root, users, "", 1) == "app/api/__init__.py"
    assert resolve(root, users, "db", 2) == "app/db.py"
    assert resolve(root, users, "", 2) == "app/__init__.py"
    assert resolve(root, users, "app.db", 3) == "app/db.py"
    assert resolve(root, users, "app.db", 4) is None
    assert resolve(root, users, "app.db", 10**9) is None
    assert resolve(root, users, "nothing", 1) is None


def test_a_script_imports_from_its_own_folder_first(root: Path) -> None:
    write(root, scripts__run="", scripts__db="", db="")
    assert resolve(root, "scripts/run.py", "db") == "scripts/db.py"


def test_src_layout(root: Path) -> None:
    write(root, src__app___="", src__app__db="", tests__test_app="", src__app__main="")
    assert resolve(root, "tests/test_app.py", "app.db") == "src/app/db.py"
    assert resolve(root, "src/app/main.py", "app.db") == "src/app/db.py"
    assert resolve(root, "src/app/main.py", "src.app.db") == "src/app/db.py"


def test_mixed_roots(root: Path) -> None:
    write(root, src__config="", src__core__db="", src__api__users="")
    assert resolve(root, "src/api/users.py", "src.config") == "src/config.py"
    assert resolve(root, "src/api/users.py", "core.db") == "src/core/db.py"


def test_namespace_packages(root: Path) -> None:
    write(root, company__billing__db="", main="", web__static__js="")
    (root / "assets" / "images").mkdir(parents=True)
    assert resolve(root, "main.py", "company.billing.db") == "company/billing/db.py"
    assert resolve(root, "main.py", "company.billing") == "company/billing"
    assert resolve(root, "main.py", "company") == "company"
    assert resolve(root, "main.py", "assets") is None
    assert resolve(root, "company/billing/db.py", "", 1) == "company/billing"


def test_a_namespace_package_may_be_in_several_places(root: Path) -> None:
    write(root, a__company__one="", company__two="", a__main="")
    assert resolve(root, "a/main.py", "company.one") == "a/company/one.py"
    assert resolve(root, "a/main.py", "company.two") == "company/two.py"


def test_a_package_wins_over_a_module_and_that_over_a_namespace(root: Path) -> None:
    write(root, main="", a___="", a="", b="", b__x="")
    assert resolve(root, "main.py", "a") == "a/__init__.py"
    assert resolve(root, "main.py", "b") == "b.py"
    assert resolve(root, "main.py", "b.x") is None


def test_a_file_wins_over_a_nearer_namespace(root: Path) -> None:
    write(root, tests__app__test_db="", tests__test_all="", app___="", app__db="")
    assert resolve(root, "tests/test_all.py", "app") == "app/__init__.py"
    assert resolve(root, "tests/test_all.py", "app.db") == "app/db.py"


@pytest.mark.parametrize("service", ["users", "orders"])
def test_siblings_with_a_package_of_the_same_name(root: Path, service: str) -> None:
    for name in ("users", "orders"):
        write(root / name, app___="", app__db="", app__main="", tests__test_main="")
    assert resolve(root, f"{service}/app/main.py", "app.db") == f"{service}/app/db.py"
    assert resolve(root, f"{service}/tests/test_main.py", "app.db") == f"{service}/app/db.py"


def test_what_is_found_first_hides_its_namesakes(root: Path) -> None:
    write(root, service__app___="", service__app__main="", app___="", app__db="")
    assert resolve(root, "service/app/main.py", "app.db") is None


def test_source_roots(root: Path) -> None:
    write(root, libs__common__shared___="", services__api__main="")
    main = "services/api/main.py"
    assert resolve(root, main, "shared") is None
    roots = ("missing", "libs/common")
    assert resolve(root, main, "shared", source_roots=roots) == "libs/common/shared/__init__.py"


def test_a_source_root_outside_of_the_project_is_empty(root: Path) -> None:
    write(root.parent / "other", shared="")
    write(root, main="")
    outside = str(root.parent / "other")
    assert resolve(root, "main.py", "shared", source_roots=("../other", outside)) is None


def test_a_module_never_resolves_to_itself(root: Path) -> None:
    write(root, scripts__app="", app___="", app__db="import app.db", lone="import lone")
    assert resolve(root, "scripts/app.py", "app") == "app/__init__.py"
    assert resolve(root, "scripts/app.py", "app.db") == "app/db.py"
    assert resolve(root, "lone.py", "lone") is None
    assert resolve(root, "app/db.py", "app.db") is None
    assert resolve(root, "app/__init__.py", "", 1) is None
    assert imported(root, "lone.py") == []
    assert imported(root, "app/db.py") == ["app/__init__.py"]


@pytest.mark.parametrize("name", ["sqlalchemy", "fastapi", "logging", "asyncio.tasks"])
def test_libraries_are_not_the_project(root: Path, name: str) -> None:
    write(root, main="", sqlalchemy="", fastapi="", logging="", asyncio__tasks="")
    assert resolve(root, "main.py", name) is None


def test_a_relative_import_may_be_called_like_a_library(root: Path) -> None:
    write(root, app__logging="", app__main="from . import logging")
    assert imported(root, "app/main.py") == ["app/logging.py"]


@pytest.mark.parametrize("dotted", ["", ".", "a..b", "\0", "a/b", "..", "é", "x" * 9999])
def test_what_is_no_name_leads_nowhere(root: Path, dotted: str) -> None:
    write(root, main="", a__b="")
    assert resolve(root, "main.py", dotted) is None
    assert resolve(root, "main.py", dotted, 1) in (None, ".", str(root))


def test_unicode_names(root: Path) -> None:
    write(root, main="from größe import maß", größe__maß="")
    assert imported(root, "main.py") == ["größe/maß.py"]


# Import statements in a text


IMPORTS = {
    "import a": "a",
    "import a as x, b as y, c.d": "a b c/__init__ c/d",
    "import a; import b": "a b",
    "try: import a\nexcept ImportError: import b": "a b",
    "def f():\n    import a\n\tfrom b import x": "a b",
    "from c import d": "c/__init__ c/d",
    "from c import d as e, missing": "c/__init__ c/d",
    "from c.d import x": "c/__init__ c/d",
    "from c import *": "c/__init__",
    "from c import*": "c/__init__",
    "from c import(d)": "c/__init__ c/d",
    "from . import a, b as bee": "a b",
    "from .c import (\n  d,\n  e as f,\n)": "c/__init__ c/d c/e",
    "from .c import (  # noqa (x)\n  d,  # one, two)\n  # three\n  e\n)": "c/__init__ c/d c/e",
    "from.c import d": "c/__init__ c/d",
    "from . c . d import x": "c/__init__ c/d",
    "from c \\\n  import d, \\\n  e": "c/__init__ c/d c/e",
    "import a, \\\n  b": "a b",
    "import c . d as x": "c/__init__ c/d",
    "import\ta": "a",
    "import a\r\nimport b\r\n": "a b",
    "import a\rimport b": "a b",
    "\fimport a": "a",
    "x = 'from c import ('\nimport a": "a c/__init__",
    "# from c import (\nimport a\n": "a c/__init__",
    "'''read from a'''\nimport b": "b",
    "raise X from e; import a": "a",
    "yield from a\nimport b": "b",
    "reimport a": "",
    "import_module('a')": "",
    "imports a": "",
    "x.import a": "",
    "from a importing b": "",
    "import missing, c.missing": "",
    "import " + "a" * 100_000: "",
    "from c import " + "x, " * 10_000 + "d": "c/__init__ c/d",
    "from c import (" + "x, # y\n" * 200 + "d)": "c/__init__ c/d",
}


@pytest.mark.parametrize("text", IMPORTS, ids=lambda text: repr(text[:50]))
def test_imports_of_a_text(root: Path, text: str) -> None:
    write(root, a="", b="", c___="", c__d="", c__e="")
    (root / "main.py").write_bytes(text.encode())
    assert sorted(imported(root, "main.py")) == [f"{name}.py" for name in IMPORTS[text].split()]


@pytest.mark.parametrize("piece", ["from ", "import ", "from. ", "import a,", "from a import (#"])
def test_no_text_takes_quadratic_time(root: Path, piece: str) -> None:
    (root / "main.py").write_text(piece * 100_000)
    assert imported(root, "main.py") == []


def test_closure_of_a_cycle(root: Path) -> None:
    write(root, a="import b", b="import c", c="import a, d", d="", e="import a")
    project = Project(str(root))
    assert closure(project, root / "d.py") == ["d.py"]
    assert closure(project, root / "b.py") == ["b.py", "a.py", "c.py", "d.py"]
    assert closure(project, root / "e.py") == ["e.py", "a.py", "b.py", "c.py", "d.py"]
    assert closure(project, root / "a.py") == ["a.py", "b.py", "c.py", "d.py"]


def test_closures_do_not_depend_on_the_order_of_the_questions(root: Path) -> None:
    names = [f"m{number}" for number in range(12)]
    for number, name in enumerate(names):
        others = {names[number * 5 % 12], names[(number + 4) % 12]}
        write(root, **{name: "\n".join(f"import {other}" for other in sorted(others))})
    alone = {name: closure(Project(str(root)), root / f"{name}.py") for name in names}
    for order in (names, names[::-1], names[::2] + names[1::2]):
        project = Project(str(root))
        assert {name: closure(project, root / f"{name}.py") for name in order} == alone


def test_closures_that_are_forgotten_are_found_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flake8_sqlalchemy_lifecycle.model.project._MOST_REMEMBERED", 3)
    write(root, a="import b", b="import c", c="")
    project = Project(str(root))
    for _ in range(2):
        assert closure(project, root / "b.py") == ["b.py", "c.py"]
        assert closure(project, root / "a.py") == ["a.py", "b.py", "c.py"]


def test_a_long_chain_of_imports(root: Path) -> None:
    for number in range(1500):
        write(root, **{f"m{number}": f"import m{number + 1}"})
    assert len(Project(str(root)).closure(str(root / "m0.py"))) == 1500


# Files


def test_text_is_decoded_as_python_does(root: Path) -> None:
    files = {
        "plain": "x = 'é'\n".encode(),
        "bom": "x = 'é'\n".encode("utf-8-sig"),
        "pep263": b"#!/usr/bin/python\n# -*- coding: latin-1 -*-\nx = '\xe9'\n",
        "windows": "x = 'é'\r\n".encode(),
        "mac": "x = 'é'\r".encode(),
    }
    for name, data in files.items():
        (root / f"{name}.py").write_bytes(data)
    project = Project(str(root))
    for name in files:
        source = project.source(str(root / f"{name}.py"))
        assert source is not None
        assert source.text.endswith("x = 'é'\n")
        assert source.text[0] in "x#"


@pytest.mark.parametrize(
    "data",
    [
        b"x = '\xe9'\n",
        b"x = 1\0\n",
        b"# coding: no-such-codec\n",
        b"# coding: rot13\n",
        b"# coding: hex\n",
        b"\xef\xbb\xbf# coding: latin-1\n",
        "import a\n".encode("utf-16"),
        b"x = 1\n" * 800_000,
    ],
    ids=lambda data: repr(data[:20]),
)
def test_what_python_cannot_read_is_absent(root: Path, data: bytes) -> None:
    path = root / "bad.py"
    path.write_bytes(data)
    project = Project(str(root))
    assert project.source(str(path)) is None
    assert project.module(str(path)) is None
    assert project.imported(str(path)) == ()
    assert project.closure(str(path)) == (str(path),)


def test_folders_and_pipes_called_like_a_module(root: Path) -> None:
    (root / "folder.py").mkdir()
    os.mkfifo(root / "pipe.py")
    (root / "dangling.py").symlink_to("nothing")
    write(root, main="import folder, pipe, dangling, nothing")
    project = Project(str(root))
    assert project.imported(str(root / "main.py")) == ()
    for name in ("folder", "pipe", "dangling", "nothing"):
        assert project.source(str(root / f"{name}.py")) is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_absent(root: Path) -> None:
    write(root, main="import secret, hidden.x", secret="", hidden__x="")
    (root / "secret.py").chmod(0)
    (root / "hidden").chmod(0)
    try:
        project = Project(str(root))
        assert project.imported(str(root / "main.py")) == (str(root / "secret.py"),)
        assert project.source(str(root / "secret.py")) is None
    finally:
        (root / "hidden").chmod(0o700)


def test_nothing_outside_of_the_root_is_read(root: Path) -> None:
    write(root.parent / "other", secret="", package___="")
    (root / "linked.py").symlink_to(root.parent / "other" / "secret.py")
    (root / "other").symlink_to(root.parent / "other")
    write(root, main="")
    project = Project(str(root))
    assert project.source(str(root / "linked.py")) is None
    assert project.source(str(root / "other" / "secret.py")) is None
    assert project.source(str(root.parent / "other" / "secret.py")) is None
    assert project.source(str(root / ".." / "other" / "secret.py")) is None
    for name in ("linked", "other.secret", "other.package", "other"):
        assert project.resolve(str(root / "main.py"), name) is None
    assert project.resolve(str(root.parent / "other" / "package" / "x.py"), "secret", 2) is None


def test_links_inside_of_the_root_are_followed(root: Path) -> None:
    write(root, shared__db="", service__main="import shared.db, alias")
    (root / "service" / "shared").symlink_to("../shared")
    (root / "service" / "alias.py").symlink_to("../shared/db.py")
    assert imported(root, "service/main.py") == ["service/shared/db.py", "service/alias.py"]


def test_cycles_of_links_end(root: Path) -> None:
    write(root, a__x="import loop.x, there.x, there.back.x", b__x="import back.x, back.there.x")
    (root / "a" / "loop").symlink_to(".")
    (root / "a" / "there").symlink_to("../b")
    (root / "b" / "back").symlink_to("../a")
    project = Project(str(root))
    assert closure(project, root / "a" / "x.py") == ["a/x.py", "a/there/x.py"]
    assert closure(project, root / "b" / "x.py") == ["b/x.py", "b/back/x.py"]


def test_a_root_that_is_a_link(root: Path) -> None:
    write(root, main="import db", db="")
    link = root.parent / "link"
    link.symlink_to(root)
    assert imported(link, "main.py") == ["db.py"]


def test_an_unsaved_buffer_wins(root: Path) -> None:
    write(root, main="import a", a="import b", b="", c="")
    project = Project(str(root))
    main, a = root / "main.py", root / "a.py"
    assert closure(project, main) == ["main.py", "a.py", "b.py"]
    project.edit(str(a), "\ufeffimport c\r\n")
    assert project.source(str(a)) == Source(str(a), "import c\n")
    assert closure(project, main) == ["main.py", "a.py", "c.py"]
    project.edit(str(a), "x = '\0'")
    assert project.source(str(a)) is None
    project.edit(str(a), "")
    assert closure(project, main) == ["main.py", "a.py"]


def test_an_unsaved_buffer_may_be_a_new_file(root: Path) -> None:
    write(root, main="import new", db="")
    project = Project(str(root))
    assert closure(project, root / "main.py") == ["main.py"]
    project.edit(str(root / "new.py"), "import db")
    assert closure(project, root / "main.py") == ["main.py", "db.py", "new.py"]


def test_the_text_that_flake8_hands_over_changes_nothing(root: Path) -> None:
    write(root, main="import db", db="x = 1\n")
    project = Project(str(root))
    module = project.module(str(root / "db.py"))
    project.edit(str(root / "db.py"), "x = 1\n")
    assert project.module(str(root / "db.py")) is module


def test_a_buffer_anywhere(root: Path) -> None:
    project = Project(str(root))
    deep = os.path.join(str(root), *["a"] * 3000, "x.py")
    for path in (deep, "/elsewhere/x.py", "stdin", "-"):
        project.edit(path, "from . import a\nfrom .. import b\nimport c, x")
        assert project.imported(path) == ()
        assert project.module(path) is not None


def test_modules_are_parsed_once(root: Path) -> None:
    write(root, main="x = 1")
    project = Project(str(root))
    module = project.module(str(root / "main.py"))
    assert module is not None
    assert module.path == str(root / "main.py")
    assert project.module(str(root / "main.py")) is module


@pytest.mark.parametrize(
    "text",
    ["def", "{{ template }}\n%", "(" * 5000, "-" * 50_000 + "1", "x = " + "f(" * 90 + ")"],
    ids=["syntax", "template", "parentheses", "deep", "unclosed"],
)
def test_what_does_not_parse_has_no_module(root: Path, text: str) -> None:
    write(root, main=text)
    assert Project(str(root)).module(str(root / "main.py")) is None


def test_deep_code_is_no_error(root: Path) -> None:
    write(root, deep="x = a" + ".b" * 20_000, long="x = " + "1 + " * 20_000 + "1")
    project = Project(str(root))
    for name in ("deep", "long"):
        project.module(str(root / f"{name}.py"))


def test_warnings_about_linted_code_are_not_shown(root: Path) -> None:
    write(root, main="x = '\\d'\nassert (1, 'always')\n1 is 1\n")
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        assert Project(str(root)).module(str(root / "main.py")) is not None
    assert shown == []


def test_paths_are_shown_relative_to_the_root(root: Path) -> None:
    project = Project(str(root))
    assert project.display(str(root / "app" / "db.py")) == "app/db.py"
    assert project.display("/elsewhere/db.py") == "/elsewhere/db.py"


# Where the project begins


def test_files_are_all_but_hidden_and_installed_ones(root: Path) -> None:
    write(root, app___="", app__db="", manage="", venv__lib__site_packages__x="")
    (root / "venv" / "lib" / "site_packages").rename(root / "venv" / "lib" / "site-packages")
    (root / ".cache").mkdir()
    (root / ".cache" / "x.py").touch()
    (root / "app" / "again").symlink_to(root)
    project = Project(str(root))
    assert [project.display(path) for path in project.files] == [
        "app/__init__.py",
        "app/db.py",
        "manage.py",
    ]
    project.edit(str(root / "new.py"), "")
    assert str(root / "new.py") in project.files


def test_the_nearest_repository_is_the_root(root: Path) -> None:
    write(root, service__app__main="")
    (root / ".git").mkdir()
    (root / "service" / "pyproject.toml").touch()
    assert find_root(str(root / "service" / "app" / "main.py")) == str(root)
    (root / "worktree").mkdir()
    (root / "worktree" / ".git").write_text("gitdir: elsewhere")
    assert find_root(str(root / "worktree" / "x.py")) == str(root / "worktree")


def test_without_a_repository_the_outermost_marker_is(root: Path) -> None:
    write(root, service__app__main="")
    (root / "requirements.txt").touch()
    (root / "service" / "app" / "pyproject.toml").touch()
    assert find_root(str(root / "service" / "app" / "main.py")) == str(root)


def test_without_a_marker_it_is_the_current_folder(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root, app___="", app__api___="", app__api__users="")
    users = root / "app" / "api" / "users.py"
    monkeypatch.chdir(root / "app")
    assert find_root(str(users)) == str(root / "app")
    assert find_root(os.path.join("api", "users.py")) == str(root / "app")
    (root / "elsewhere").mkdir()
    monkeypatch.chdir(root / "elsewhere")
    assert find_root(str(users)) == str(root)
