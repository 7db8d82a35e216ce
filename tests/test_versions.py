"""Declared versions, read from real files of each kind, whole and broken."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flake8_sqlalchemy_lifecycle.model.versions import Declared, declared_for

FASTAPI = ("0.1", "0.106", "0.118", "99")


def declared(root: Path, path: str = "app.py", overrides: tuple[str, ...] = ()) -> Declared:
    return declared_for(str(root / path), str(root), overrides)


def of(text: str, root: Path, name: str = "pyproject.toml") -> Declared:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return declared(root)


def possible(project: Declared, library: str, version: str) -> str:
    """`<`, `>` or both: on which sides of the version, itself included in `>`, releases may be."""
    below = project.may_be_below(library, version)
    return "<" * below + ">" * project.may_be_at_least(library, version)


@pytest.mark.parametrize(
    ("specifiers", "version", "expected"),
    [
        (">=2.0", "2.0", ">"),
        (">=2.0", "2.1", "<>"),
        (">=2.0", "1.4", ">"),
        (">2.0", "2.0", ">"),
        (">2.0", "2.0.1", "<>"),
        ("<2.0", "2.0", "<"),
        ("<2", "1.4", "<>"),
        ("<2.0", "1.99", "<>"),
        ("<=2.0", "2.0", "<>"),
        ("<=2.0", "2.0.1", "<"),
        ("==2.0.5", "2.0", ">"),
        ("==2.0.5", "2.0.5", ">"),
        ("==2.0.5", "2.0.6", "<"),
        ("===2.0.5", "2.0.6", "<"),
        ("==1.4.*", "2.0", "<"),
        ("==1.4.*", "1.4", ">"),
        ("==1.4.*", "1.4.40", "<>"),
        ("~=0.110", "0.118", "<>"),
        ("~=0.110", "1.0", "<"),
        ("~=0.110.2", "0.111", "<"),
        ("~=0.110.2", "0.110.9", "<>"),
        ("~=0.110.2", "0.110.2", ">"),
        ("!=2.0", "2.0", "<>"),
        (">=2.0,!=2.0.*", "2.0", ">"),
        (">=2.0,!=2.0.*", "2.1", ">"),
        (">=2.0,!=2.0.*,<2.2", "2.2", "<"),
        (">=0.100,<0.106", "0.106", "<"),
        (">=0.100,<0.106.1", "0.106", "<>"),
        (">=1.0,<1.0.1", "1.0.1", "<"),
        (">=1.0,<2.0.0", "2", "<"),
        ("==2.0.0rc1", "2.0", "<"),
        ("==2.0.1+cpu", "2.0.1", ">"),
        ("==2.0.1.post1", "2.0.1", ">"),
        (">=2.0.0b1", "2.0", "<>"),
        ("<0", "1", ""),
        (">2,<1", "1", ""),
        ("<=0", "1", "<"),
    ],
)
def test_specifiers(tmp_path: Path, specifiers: str, version: str, expected: str) -> None:
    project = declared(tmp_path, overrides=(f"sqlalchemy{specifiers}",))
    assert possible(project, "SQLAlchemy", version) == expected


@pytest.mark.parametrize(
    ("constraint", "lowest", "beyond"),
    [
        ('"^1.4.2"', "1.4.2", "2"),
        ('"^0.110.1"', "0.110.1", "0.111"),
        ('"^0.0.3"', "0.0.3", "0.0.4"),
        ('"^0.0"', "0.0.0", "0.1"),
        ('"^0"', "0", "1"),
        ('"^2"', "2", "3"),
        ('"^2.0.0b1"', "2.0.0b1", "3"),
        ('"~1.4.2"', "1.4.2", "1.5"),
        ('"~1.4"', "1.4", "1.5"),
        ('"~1"', "1", "2"),
        ('"~=1.4"', "1.4", "2"),
        ('"1.4.*"', "1.4", "1.5"),
        ('"==1.4.*"', "1.4", "1.5"),
        ('"1.4.2"', "1.4.2", "1.4.3"),
        ('">=1.4,<2"', "1.4", "2"),
        ('">= 1.4 < 2"', "1.4", "2"),
        ('{ version = "^1.4", extras = ["asyncio"] }', "1.4", "2"),
        ('[{ version = "^1.4", python = "<3.8" }, { version = "^2", python = ">3" }]', "1.4", "3"),
        ('"^1.4 || ^2.0"', "1.4", "3"),
        ('["^1.4", "^2.0"]', "1.4", "3"),
    ],
)
def test_poetry(tmp_path: Path, constraint: str, lowest: str, beyond: str) -> None:
    project = of(f"[tool.poetry.dependencies]\nsqlalchemy = {constraint}\n", tmp_path)
    assert possible(project, "sqlalchemy", lowest).endswith(">")
    assert not project.may_be_below("sqlalchemy", lowest)
    assert possible(project, "sqlalchemy", beyond) == "<"


@pytest.mark.parametrize(
    "text",
    [
        '[tool.poetry.dependencies]\nfastapi = "*"',
        '[tool.poetry.dependencies]\nfastapi = { git = "https://example.org/fastapi.git" }',
        '[tool.poetry.dependencies]\nfastapi = "latest"',
        "[tool.poetry.dependencies]\nfastapi = 1",
        '[project]\ndependencies = ["fastapi"]',
        '[project]\ndependencies = ["fastapi @ https://example.org/fastapi.whl"]',
        '[project]\ndependencies = ["fastapi>=x.y", "fastapi>", 1, {}]',
        '[project]\ndependencies = "fastapi<1"',
        'project = 1\ntool = []\ndependency-groups = "x"',
        '[project]\ndependencies = ["fastapi<1"',
        "[" * 50_000,
        "x = " + "[" * 50_000,
        '[project]\ndependencies = ["fastapi==' + "9" * 5000 + '"]',
        "\0",
        "",
    ],
    ids=lambda text: repr(text[:60]),
)
def test_what_says_nothing_counts_as_undeclared(tmp_path: Path, text: str) -> None:
    project = of(text, tmp_path)
    for version in FASTAPI:
        assert possible(project, "fastapi", version) == ">"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", '[project]\ndependencies = ["Fast_API[all] >= 0.100, < 0.106"]'),
        ("pyproject.toml", '[project]\ndependencies = ["fast.api (>=0.100,<0.106)"]'),
        ("pyproject.toml", '[project.optional-dependencies]\nweb = ["fast-api>=0.100,<0.106"]'),
        (
            "pyproject.toml",
            '[dependency-groups]\na = [{ include-group = "b" }]\nb = ["fast-api>=0.100,<0.106"]',
        ),
        ("pyproject.toml", '[tool.pdm.dev-dependencies]\nweb = ["fast-api>=0.100,<0.106"]'),
        ("pyproject.toml", '[tool.uv]\ndev-dependencies = ["fast-api>=0.100,<0.106"]'),
        ("pyproject.toml", '[tool.poetry.group.web.dependencies]\nfast-api = ">=0.100,<0.106"'),
        ("pyproject.toml", '[tool.poetry.dev-dependencies]\nfast-api = ">=0.100,<0.106"'),
        ("Pipfile", '[packages]\nfast-api = {version = ">=0.100,<0.106", extras = ["all"]}'),
        ("Pipfile", '[dev-packages]\nFast-API = ">=0.100,<0.106"'),
        ("setup.cfg", "[options]\ninstall_requires =\n  # web\n  fast-api>=0.100,<0.106 ; x\n"),
        ("setup.cfg", "[options.extras_require]\nweb = fast-api>=0.100,<0.106\nempty =\n"),
        ("requirements.txt", "# web\nfast-api[all]>=0.100,<0.106  # why\n"),
        ("requirements.txt", "fast-api >= 0.100, < 0.106 ; python_version > '3.8'"),
        ("requirements.txt", "fast-api>=0.100,<0.106 \\\n    --hash=sha256:aa \\\n --hash=x\n"),
        ("requirements.txt", "fast-api==0.105.0 \\\r\n    --hash=sha256:aa\r\n"),
        ("requirements.txt", "-i https://example.org\n-e .\n./x.whl\n?\nfast-api==0.105.*"),
        ("requirements-dev.txt", "fast-api==0.105.1"),
        ("requirements_web.txt", "fast-api==0.105.1"),
        ("requirements/web.txt", "fast-api==0.105.1"),
        ("uv.lock", 'version = 1\n\n[[package]]\nname = "fast-api"\nversion = "0.105.0"\n'),
        ("poetry.lock", '[[package]]\r\nname = "Fast_API"\r\nversion = "0.105.0"\r\nx = 1\r\n'),
        (
            "pdm.lock",
            '[[package]]\nname = "fast-api"\nversion = "0.105.0"\nsummary = "a \\"b\\""\nfiles = [',
        ),
        ("pylock.toml", '[[packages]]\nname = "fast-api"\nversion = "0.105.0"\nindex = "x"\n'),
        ("Pipfile.lock", '{"default": {"fast-api": {"version": "==0.105.0"}}, "develop": []}'),
        ("Pipfile.lock", '{"develop": {"fast-api": {"version": "==0.105.0"}, "x": {"ref": ""}}}'),
    ],
)
def test_each_kind_of_file(tmp_path: Path, name: str, text: str) -> None:
    project = of(text, tmp_path, name)
    assert possible(project, "fast_api", "0.106") == "<"
    assert possible(project, "FAST-API", "0.100") == ">"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("setup.cfg", "fastapi<1"),
        ("setup.cfg", "[options\ninstall_requires = fastapi<1"),
        ("setup.cfg", "[options]\ninstall_requires = %(x)s\n[options]\ninstall_requires = y%"),
        ("Pipfile", '[packages\nfastapi = "<1"'),
        ("Pipfile.lock", '{"default": {"fastapi": {"version": "==0.1"}'),
        ("Pipfile.lock", '{"default": {"fastapi": "==0.1"}, "develop": 1}'),
        ("Pipfile.lock", "{" + '"a": {' * 50_000),
        ("Pipfile.lock", "[]"),
        ("uv.lock", '[[package]]\nname = "fastapi"\nsource = { editable = "." }\n'),
        ("uv.lock", '[[package]]\nversion = "0.1"\n'),
        ("requirements.txt", "fastapi=0.1\nfastapi 0.1\nfastapi<\n<1\n\x00\n-r\n-r \x00\n"),
        ("requirements.txt", "-r requirements.txt\n-r .\n-r nothing.txt\n-r /\n--requirement=\n"),
        ("requirements.txt", "fastapi==0.1\n" * 400_000),
        ("requirements.txt/x.txt", "fastapi<1"),
    ],
    ids=lambda text: repr(text[:40]),
)
def test_broken_files_count_as_absent(tmp_path: Path, name: str, text: str) -> None:
    project = of(text, tmp_path, name)
    for version in FASTAPI:
        assert possible(project, "fastapi", version) == ">"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    text = "# für alle\nfastapi==0.105\n"
    (tmp_path / "requirements.txt").write_bytes(text.encode(encoding))
    assert possible(declared(tmp_path), "fastapi", "0.106") == "<"


def test_utf16_the_other_way_round_and_cut_off(tmp_path: Path) -> None:
    data = b"\xfe\xff" + "fastapi==0.105\n".encode("utf-16-be")
    (tmp_path / "requirements.txt").write_bytes(data)
    assert possible(declared(tmp_path), "fastapi", "0.106") == "<"
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "requirements.txt").write_bytes(data + b"x")
    assert possible(declared(tmp_path / "cut"), "fastapi", "0.106") == ">"


def test_included_requirements(tmp_path: Path) -> None:
    (tmp_path / "requirements").mkdir()
    (tmp_path / "deps").mkdir()
    (tmp_path / "requirements.txt").write_text("-r deps/base.in\n")
    (tmp_path / "deps" / "base.in").write_text("--requirement ../requirements.txt\n-rweb.in # x")
    (tmp_path / "deps" / "web.in").write_text("fastapi==0.105")
    assert possible(declared(tmp_path), "fastapi", "0.106") == "<"


def test_nothing_outside_of_the_root_is_read(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "requirements.txt").write_text("fastapi==0.105")
    (tmp_path / "requirements.txt").write_text("fastapi==0.105")
    (root / "requirements.txt").write_text("-r ../requirements.txt\n")
    (root / "requirements-dev.txt").symlink_to("../requirements.txt")
    (root / "requirements").symlink_to("../outside")
    (root / "linked").symlink_to("../outside")
    for path in ("app.py", "linked/app.py", "../outside/app.py"):
        assert possible(declared(root, path), "fastapi", "0.106") == ">"


def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "requirements.txt")
    assert possible(declared(tmp_path), "fastapi", "0.106") == ">"


def test_a_lock_decides_alone(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text('[[package]]\nname = "fastapi"\nversion = "0.110.0"\n')
    (tmp_path / "requirements.txt").write_text("fastapi==0.1\nstarlette<1")
    project = of('[project]\ndependencies = ["fastapi>=0.100", "sqlalchemy<2"]', tmp_path)
    assert possible(project, "fastapi", "0.110") == ">"
    assert possible(project, "fastapi", "0.110.1") == "<"
    assert possible(project, "sqlalchemy", "2") == "<"
    assert possible(project, "starlette", "1") == "<"


def test_a_lock_may_hold_two_versions(tmp_path: Path) -> None:
    package = '[[package]]\nname = "sqlalchemy"\nversion = "{}"\nsource = {{ a = "b" }}\n\n'
    project = of(package.format("1.4.50") + package.format("2.0.1"), tmp_path, "uv.lock")
    assert possible(project, "sqlalchemy", "2.0") == "<>"
    assert possible(project, "sqlalchemy", "2.0.2") == "<"


def test_markers_groups_and_files_side_by_side_all_may_count(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(
        "sqlalchemy<1.4; python_version < '3.8'\nsqlalchemy>=2.0.20; python_version >= '3.8'\n"
    )
    (tmp_path / "requirements-old.txt").write_text("fastapi==0.90")
    project = of('[project]\ndependencies = ["fastapi>=0.110"]', tmp_path)
    assert possible(project, "sqlalchemy", "2.0") == "<>"
    assert possible(project, "fastapi", "0.106") == "<>"
    assert possible(project, "fastapi", "0.90") == ">"


def test_the_nearest_declaration_of_each_library_wins(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("fastapi==0.90\nsqlalchemy==1.4")
    (tmp_path / "service" / "app").mkdir(parents=True)
    (tmp_path / "service" / "requirements.txt").write_text("fastapi==0.120\nsqlalchemy\n")
    near = declared(tmp_path, "service/app/db.py")
    assert possible(near, "fastapi", "0.106") == ">"
    assert possible(near, "sqlalchemy", "2.0") == "<"
    assert possible(declared(tmp_path, "main.py"), "fastapi", "0.106") == "<"
    assert possible(declared(tmp_path, "missing/folder/x.py"), "fastapi", "0.106") == "<"


def test_the_users_word_wins_over_all(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text('[[package]]\nname = "fastapi"\nversion = "0.90"\n')
    project = declared(tmp_path, overrides=("fastapi>=0.110,<0.118", "python>=3.14"))
    assert possible(project, "fastapi", "0.106") == ">"
    assert possible(project, "fastapi", "0.118") == "<"
    assert possible(project, "python", "3.14") == ">"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("pyproject.toml", '[project]\nrequires-python = ">=3.11"', "<>"),
        ("pyproject.toml", '[project]\nrequires-python = "<3.14"', "<"),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "^3.11"', "<>"),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "~3.13"', "<"),
        ("setup.cfg", "[options]\npython_requires = >=3.14", ">"),
        ("Pipfile", '[requires]\npython_version = "3.13"', "<"),
    ],
)
def test_python(tmp_path: Path, name: str, text: str, expected: str) -> None:
    assert possible(of(text, tmp_path, name), "python", "3.14") == expected


def test_nothing_declared(tmp_path: Path) -> None:
    project = declared(tmp_path)
    for library in ("fastapi", "python", "", "no such library"):
        assert possible(project, library, "3.14") == ">"
