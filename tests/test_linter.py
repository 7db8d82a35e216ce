"""The linter: whom it asks, how it ends whatever a file holds, and what it costs."""

import ast
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flake8_sqlalchemy_lifecycle import linter as linter_module
from flake8_sqlalchemy_lifecycle.catalogue import Rule
from flake8_sqlalchemy_lifecycle.config import Config
from flake8_sqlalchemy_lifecycle.finding import Finding
from flake8_sqlalchemy_lifecycle.linter import Linter
from flake8_sqlalchemy_lifecycle.model.inference import Model
from flake8_sqlalchemy_lifecycle.model.project import Project


def every_call(
    code: str = "LSA901",
    name: str = "every-call",
    *,
    default: bool = True,
    in_tests: bool = False,
    in_scripts: bool = False,
) -> Rule:
    """Make a rule that reports each call of a file that says `wake`."""
    rule = Rule(
        code,
        name,
        ("wake",),
        default=default,
        in_tests=in_tests,
        in_scripts=in_scripts,
        needs_sqlalchemy=False,
    )

    @rule.check
    def report(model: Model) -> Iterator[Finding]:
        for node in ast.walk(model.linted.tree):
            if isinstance(node, ast.Call):
                yield rule.at(node, "a call")

    return rule


def failing(error: Callable[[], object]) -> Rule:
    """Make a rule that yields a finding and then breaks."""
    rule = Rule("LSA902", "failing", ("wake",), needs_sqlalchemy=False)

    @rule.check
    def fail(model: Model) -> Iterator[Finding]:
        yield rule.at(model.linted.tree.body[0], "found before the crash")
        error()

    return rule


def places(findings: list[Finding]) -> list[str]:
    return [f"{finding.span.line}:{finding.span.column} {finding.code}" for finding in findings]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    return tmp_path / "example.py"


def lint(file: Path, *rules: Rule, enable: frozenset[str] = frozenset()) -> list[str]:
    return places(Linter(Config(enable=enable), rules).lint(str(file)))


# What is asked


def test_findings_are_sorted_and_told_once(file: Path) -> None:
    file.write_text("wake(1)(2)\nwake(\n  wake())\n")
    assert lint(file, every_call("LSA903"), every_call()) == [
        "1:0 LSA901",
        "1:0 LSA903",
        "2:0 LSA901",
        "2:0 LSA903",
        "3:2 LSA901",
        "3:2 LSA903",
    ]


def test_a_rule_without_its_words_is_not_asked(file: Path) -> None:
    file.write_text("wake()\n")
    other = Rule("LSA904", "other", ("absent", "missing"), needs_sqlalchemy=False)
    assert lint(file, other, every_call()) == ["1:0 LSA901"]  # `other` has no function to ask


def test_a_file_without_any_word_builds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linter_module, "Project", None)
    assert Linter(Config(), [every_call()]).lint("example.py", "x = f()\n") == []


def test_opt_in_rules_run_only_where_enabled(file: Path) -> None:
    file.write_text("wake()\n")
    opt_in = every_call(default=False)
    assert lint(file, opt_in) == []
    assert lint(file, opt_in, enable=frozenset({"LSA90"})) == []
    assert lint(file, opt_in, enable=frozenset({"LSA901"})) == ["1:0 LSA901"]


@pytest.mark.parametrize("name", ["tests/example.py", "test_example.py", "conftest.py"])
def test_test_code_is_left_to_rules_that_want_it(file: Path, name: str) -> None:
    file = file.parent / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("wake()\n")
    assert lint(file, every_call(in_scripts=True)) == []
    assert lint(file, every_call(in_tests=True)) == ["1:0 LSA901"]


def test_scripts_are_left_to_rules_that_want_them(file: Path) -> None:
    file.write_text("def main(): ...\n\nif __name__ == '__main__':\n    wake = main()\n")
    assert lint(file, every_call(in_tests=True)) == []
    assert lint(file, every_call(in_scripts=True)) == ["4:11 LSA901"]


# Texts and trees


def test_a_buffer_wins_over_the_disk(file: Path) -> None:
    file.write_text("wake()\n")
    linter = Linter(Config(), [every_call()])
    assert places(linter.lint(str(file), "\n\nwake()\n")) == ["3:0 LSA901"]
    assert places(linter.lint(str(file.with_name("new.py")), "\nwake()\n")) == ["2:0 LSA901"]


def test_a_tree_spares_the_parsing(file: Path) -> None:
    file.write_text("wake()\n")
    tree = ast.parse("\nwake()\n")
    assert places(Linter(Config(), [every_call()]).lint(str(file), tree=tree)) == ["2:0 LSA901"]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("# coding: latin-1\n'ä'; wake()\n".encode("latin-1"), id="latin-1"),
        pytest.param("# coding: cp1251\n'я'; wake()\n".encode("cp1251"), id="cp1251"),
        pytest.param(b"\xef\xbb\xbf\n'x'; wake()\n", id="bom"),
        pytest.param(b"\r\n'x'; wake()\r\n", id="crlf"),
        pytest.param(b"\r'x'; wake()\r", id="cr"),
        pytest.param(b"\x0c\n'x'; wake()", id="form-feed"),
    ],
)
def test_encodings_and_line_ends(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    assert [finding.split(":")[0] for finding in lint(file, every_call())] == ["2"]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"wake(\n", id="syntax-error"),
        pytest.param(b"{{ wake }}\n{% if x %}wake(){% endif %}\n", id="template"),
        pytest.param(b"wake('\xff')\n", id="not-utf-8"),
        pytest.param(b"# coding: klingon\nwake()\n", id="unknown-encoding"),
        pytest.param("wake()\n".encode("utf-16"), id="utf-16"),
        pytest.param(b"wake()\0\n", id="nul"),
        pytest.param(b"wake()\n" + b"#" * (5 << 20), id="huge"),
    ],
)
def test_what_python_cannot_read_is_silent(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    assert lint(file, every_call()) == []


def test_what_is_not_there_is_silent(file: Path) -> None:
    assert lint(file, every_call()) == []
    file.mkdir()
    assert lint(file, every_call()) == []


# Crashes


def _recurse() -> None:
    _recurse()


def _exhaust() -> None:
    raise MemoryError


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (lambda: 1 // 0, "ZeroDivisionError"),
        (_recurse, "RecursionError"),
        (_exhaust, "MemoryError"),
    ],
    ids=["exception", "recursion", "memory"],
)
def test_a_crash_of_a_rule_is_one_finding(
    file: Path, error: Callable[[], object], name: str
) -> None:
    file.write_text("\n\nwake()\n")
    crash, other = Linter(Config(), [failing(error), every_call()]).lint(str(file))
    assert places([crash, other]) == ["1:0 LSA000", "3:0 LSA901"]
    assert crash.message.startswith(f"LSA902 (failing) crashed on this file with {name}")


def test_a_crash_of_the_model_is_one_finding(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("wake()\n")
    monkeypatch.setattr(Project, "module", lambda *_: 1 // 0)
    (crash,) = Linter(Config(), [every_call()]).lint(str(file))
    assert crash.code == "LSA000"
    assert crash.message.startswith("the model crashed on this file with ZeroDivisionError")


def test_an_interrupt_is_no_crash(file: Path) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    file.write_text("wake()\n")
    with pytest.raises(KeyboardInterrupt):
        lint(file, failing(interrupt))


# The real rules, on code that nobody should write

HEAD = """\
from fastapi import Depends, FastAPI
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
"""

DEEP = {
    "calls": "create_engine(" * 5000 + ")" * 5000,
    "a few calls": "create_engine(" * 80 + ")" * 80,
    "attributes": "engine = create_engine('x')\nengine" + ".engine" * 20_000,
    "call chain": "create_engine('x')" + ".begin()" * 3000,
    "sum": "url = " + " + ".join(["'create_engine'"] * 20_000),
    "not": "not " * 5000 + "create_engine",
    "elif": "if x: pass\n" + "elif create_engine('x'): pass\n" * 3000,
    "lists": "[" * 90 + "create_engine('x')" + "]" * 90,
    "functions": "".join(f"{' ' * n}def f{n}(s=Depends(f{n - 1})):\n" for n in range(1, 90))
    + " " * 90
    + "create_engine('x')",
    "aliases": "e0 = create_engine('x')\n" + "".join(f"e{n} = e{n - 1}\n" for n in range(1, 5000)),
    "callers": "def f0(): return create_engine('x')\n"
    + "".join(f"def f{n}(): return f{n - 1}()\n" for n in range(1, 3000))
    + "app = FastAPI()\n@app.get('/')\ndef read(): return f2999()\n",
    "classes": "class C0: engine = create_engine('x')\n"
    + "".join(f"class C{n}(C{n - 1}): pass\n" for n in range(1, 3000))
    + "C2999().engine.dispose()\n",
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_deep_code_ends(file: Path, text: str) -> None:
    file.write_text(HEAD + text + "\n")
    Linter(Config()).lint(str(file))


CYCLES = {
    "imports": ("from b import engine\n", "from a import engine\n"),
    "stars": ("from b import *\nengine.dispose()\n", "from a import *\n"),
    "itself": ("from a import engine\nimport a\na.a.engine.dispose()\n", ""),
    "bases": ("import b\nclass A(b.B): pass\n", "import a\nclass B(a.A): pass\n"),
    "values": ("import b\nengine = b.engine\n", "import a\nengine = a.engine\n"),
    "calls": ("import b\ndef get(): return b.get()\n", "import a\ndef get(): return a.get()\n"),
    "dependencies": (
        "import b\ndef get(s: AsyncSession = Depends(b.get)): yield s\n",
        "import a\ndef get(s: AsyncSession = Depends(a.get)): yield s\n",
    ),
    "annotations": ("import b\nT = b.T\ndef f(s: T): s.add(1)\n", "import a\nT = a.T | None\n"),
}


@pytest.mark.parametrize("texts", CYCLES.values(), ids=CYCLES)
def test_cycles_end(file: Path, texts: tuple[str, str]) -> None:
    use = "app = FastAPI()\n@app.get('/')\nasync def read(s=Depends(get)): create_engine(engine)\n"
    for name, text in zip("ab", texts, strict=True):
        file.with_name(f"{name}.py").write_text(HEAD + text + use)
    for name in "ab":
        found = Linter(Config()).lint(str(file.with_name(f"{name}.py")))
        assert "LSA000" not in {finding.code for finding in found}


def test_long_chains_of_imports_end(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    for number in range(400):
        module = tmp_path / f"m{number}.py"
        module.write_text(f"import sqlalchemy\nfrom m{number + 1} import app\n")
    (tmp_path / "m400.py").write_text("import sqlalchemy\napp = sqlalchemy.create_engine('x')\n")
    config = tmp_path / "gunicorn.conf.py"
    text = 'wsgi_app = "m0:app"\npreload_app = True\n'
    assert Linter(Config()).lint(str(config), text) == []
    user = tmp_path / "user.py"
    text = "import m0\nfrom celery import Celery\n\nm0.app.connect()\napp = Celery()\n"
    assert Linter(Config()).lint(str(user), text) == []


# What a run depends on


AMBIGUOUS = """\
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

if input():
    engine = create_async_engine("postgresql+asyncpg://one/shop")
elif input():
    engine = create_async_engine("postgresql+asyncpg://two/shop")
else:
    engine = create_async_engine("postgresql+asyncpg://three/shop")


def stop() -> None:
    engine.dispose()


@asynccontextmanager
async def lifespan(app: FastAPI):
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


class Shop:
    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def sell(self) -> None:
        await self.session.commit()

    async def buy(self) -> None:
        await self.session.commit()


async def trade(session: AsyncSession, days: list[int]) -> None:
    shop = Shop(session)
    for _ in days:
        try:
            await shop.buy()
            await shop.sell()
            await session.flush()
        except IntegrityError:
            print("no trade today")
"""

TELLING = f"""\
from flake8_sqlalchemy_lifecycle.config import Config
from flake8_sqlalchemy_lifecycle.linter import Linter
print(*Linter(Config()).lint("example.py", {AMBIGUOUS!r}), sep="\\n")
"""


def test_findings_do_not_depend_on_the_hash_seed() -> None:
    told = set()
    for seed in "0123":
        run = subprocess.run(
            [sys.executable, "-c", TELLING],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        told.add(run.stdout)
    (text,) = told
    assert text.count("LSA107") == text.count("LSA204") == text.count("LSA308") == 1
    assert "a failed shop.buy()" in text


# What it costs


LINTING = """\
from flake8_sqlalchemy_lifecycle.config import Config
from flake8_sqlalchemy_lifecycle.linter import Linter
Linter(Config()).lint("example.py", "from sqlalchemy import create_engine; create_engine('x')")
"""


@pytest.mark.parametrize(
    ("code", "heavy"),
    [
        ("import flake8_sqlalchemy_lifecycle", {"ast", "flake8", "importlib.metadata", "typing"}),
        (LINTING, {"libcst", "packaging", "sqlalchemy"}),
    ],
    ids=["package", "linting"],
)
def test_imports_nothing_heavy(code: str, heavy: set[str]) -> None:
    command = f"{code}\nimport sys\nprint(*sys.modules)"
    before = _modules("import sys\nprint(*sys.modules)")
    assert not (_modules(command) - before) & heavy


def _modules(code: str) -> set[str]:
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())
