"""Small apps are run before and after their event handlers became a lifespan: the same happens, in the same order."""

import asyncio
import importlib.util
import itertools
import sys
import warnings
from pathlib import Path
from types import ModuleType

import httpx
import pytest

from flake8_sqlalchemy_lifecycle.config import Config
from flake8_sqlalchemy_lifecycle.fixing import Fixed, Fixer
from flake8_sqlalchemy_lifecycle.linter import Linter

CODES = {"LSA201", "LSA202", "LSA205", "LSA206"}

DECORATED = """
from fastapi import FastAPI

log = []
cache = None
app = FastAPI()


@app.on_event("startup")
async def fill():
    global cache
    cache = {"answer": 42}
    log.append("fill")


@app.on_event("shutdown")
def first_out():
    log.append("first out")


@app.on_event("startup")
def count():
    log.append(f"count {len(cache)}")


@app.on_event("shutdown")
async def last_out():
    global cache
    cache = None
    log.append("last out")


@app.get("/")
async def index():
    return cache
"""

LISTED = """
from functools import partial

from fastapi import FastAPI

log = []


class Store:
    def __init__(self, name):
        self.name = name

    async def open(self):
        log.append(f"open {self.name}")

    def close(self):
        log.append(f"close {self.name}")


one, two = Store("one"), Store("two")


async def mark(word, *, times):
    log.append(word * times)


app = FastAPI(
    on_shutdown=[one.close, two.close, lambda: log.append("out")],
    title="stores",
    on_startup=(one.open, two.open, partial(mark, "x", times=2)),
)
app.router.add_event_handler("startup", lambda: log.append("later"))


@app.get("/")
async def index():
    return app.title
"""

FACTORY = """
from fastapi import FastAPI

log = []


def starting(app, word):
    log.append(f"make {word}")

    async def start():
        app.state.word = word
        log.append(f"start {word}")

    return start


def create_app(word):
\tservice = FastAPI()

\t# where the word is set
\tservice.router.add_event_handler("startup", starting(service, word))  # early

\t@service.on_event("shutdown")
\tdef stop():
\t\tlog.append(f"stop {service.state.word}")

\t@service.get("/")
\tasync def index():
\t\treturn service.state.word

\treturn service


other = create_app("other")
app = create_app("word")
"""

ROUTER = """
from fastapi import APIRouter, FastAPI

log = []
app = FastAPI()
router = APIRouter(prefix="/in")
app.include_router(router)


@router.on_event("startup")
async def inner_up():
    log.append("inner up")


@router.on_event("shutdown")
async def inner_down():
    log.append("inner down")


@app.on_event("startup")
async def outer_up():
    log.append("outer up")


@app.on_event("shutdown")
async def outer_down():
    log.append("outer down")


@app.get("/")
async def index():
    return len(log)
"""

METHODS = """
from fastapi import FastAPI

log = []


class Server:
    def __init__(self, port):
        self.port = port
        self.app = FastAPI(on_startup=[self.join])
        self.app.router.on_event("shutdown")(self.leave)
        self.app.get("/")(self.index)

    async def join(self):
        log.append(f"join {self.port}")

    def leave(self):
        log.append(f"leave {self.port}")

    async def index(self):
        return self.port


app = Server(80).app
"""

FAILING_START = """
from fastapi import FastAPI

log = []
app = FastAPI()


@app.on_event("startup")
async def first():
    log.append("first")


@app.on_event("startup")
async def second():
    raise OSError("no second")


@app.on_event("startup")
async def third():
    log.append("third")


@app.on_event("shutdown")
async def never():
    log.append("never")
"""

FAILING_END = """
from fastapi import FastAPI

log = []
app = FastAPI()


@app.on_event("shutdown")
@app.on_event("startup")
async def both():
    log.append("both")


@app.on_event("shutdown")
async def fail():
    raise OSError("no end")


@app.on_event("shutdown")
async def never():
    log.append("never")


@app.get("/")
async def index():
    return "served"
"""

STATEFUL = """
from databases import Database
from fastapi import Depends, FastAPI, Request
from loguru import logger

log = []
bank = Database()
app = FastAPI(on_startup=[bank.connect], on_shutdown=[bank.disconnect])


@app.on_event("startup")
@logger.catch
async def greet() -> None:
    app.state.greeting = "hello"
    log.append("greet")


def greeting(request: Request) -> str:
    return request.app.state.greeting


@app.get("/")
async def index(word: str = Depends(greeting)) -> str:
    return word
"""

LIBRARIES = {
    "databases": """
import sys


class Database:
    async def connect(self):
        sys.modules["example"].log.append("connect")

    async def disconnect(self):
        sys.modules["example"].log.append("disconnect")
""",
    "loguru": """
class logger:
    @staticmethod
    def catch(function):
        async def wrapper():
            return await function()
        return wrapper
""",
}

DEAD = """
from contextlib import asynccontextmanager

from fastapi import FastAPI

log = []


@asynccontextmanager
async def lifespan(app):
    log.append("up")
    yield
    log.append("down")


app = FastAPI(lifespan=lifespan)


@app.on_event("startup")
async def start():
    log.append("start")


@app.on_event("shutdown")
def stop():
    log.append("stop")


@app.get("/")
async def index():
    return "served"
"""

UNWIRED = """
from contextlib import asynccontextmanager

from fastapi import FastAPI

log = []
app = FastAPI()


@app.get("/")
async def index():
    return "served"


@asynccontextmanager
async def lifespan(app: FastAPI):
    log.append("up")
    yield
    log.append("down")
"""

SYNC = """
from contextlib import contextmanager

from fastapi import FastAPI

log = []


@contextmanager
def lifespan(app):
    log.append("up")
    yield
    log.append("down")


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def index():
    return "served"
"""


@pytest.fixture(autouse=True)
def libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand-ins for libraries that the apps use, out of reach of the linter."""
    folder = tmp_path / "libraries"
    folder.mkdir()
    for name, text in LIBRARIES.items():
        (folder / f"{name}.py").write_text(text)
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(str(folder))


def fixed(text: str, folder: Path) -> Fixed:
    (folder / "project" / ".git").mkdir(parents=True)
    path = folder / "project" / "example.py"
    path.write_text(text)
    return Fixer(Linter(Config()), str(path), lambda _, found: found, CODES).fix(text)


def life(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], object]:
    """Run an app from its start to its end: what it logs, and what it answers, or how it fails."""
    path = folder / f"app_{next(_NUMBERS)}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location("example", path)
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "example", module)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        spec.loader.exec_module(module)
        return module.log, asyncio.run(_answer(module))


async def _answer(module: ModuleType) -> object:
    """What the app answers between its start and its end, and how these fail."""
    answer: object = None
    transport = httpx.ASGITransport(module.app)
    try:
        async with (
            module.app.router.lifespan_context(module.app),
            httpx.AsyncClient(transport=transport, base_url="http://app") as client,
        ):
            response = await client.get("/")
            answer = response.status_code, response.json()
    except (OSError, TypeError) as error:
        return answer, type(error), str(error)
    return answer


_NUMBERS = itertools.count()


@pytest.mark.parametrize(
    ("text", "log"),
    [
        pytest.param(DECORATED, ["fill", "count 1", "first out", "last out"], id="decorated"),
        pytest.param(
            LISTED,
            ["open one", "open two", "xx", "later", "close one", "close two", "out"],
            id="listed",
        ),
        pytest.param(FACTORY, ["make other", "make word", "start word", "stop word"], id="factory"),
        pytest.param(
            ROUTER, ["outer up", "inner up", "inner down", "outer down"], id="included-router"
        ),
        pytest.param(METHODS, ["join 80", "leave 80"], id="methods"),
        pytest.param(FAILING_START, ["first"], id="failing-start"),
        pytest.param(FAILING_END, ["both", "both"], id="failing-end"),
        pytest.param(STATEFUL, ["connect", "greet", "disconnect"], id="app-state"),
    ],
)
def test_the_same_happens(
    text: str, log: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = fixed(text, tmp_path)
    assert not done.left
    assert "lifespan=" in done.text
    assert "on_event" not in done.text
    before = life(text, tmp_path, monkeypatch)
    assert before[0] == log
    assert life(done.text, tmp_path, monkeypatch) == before


def test_a_router_s_handlers_run_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    included_last = ROUTER.replace("app.include_router(router)\n", "")
    included_last += "\n\napp.include_router(router)\n"
    before = life(included_last, tmp_path, monkeypatch)
    assert before[0].count("inner up") == 2
    after = life(fixed(included_last, tmp_path).text, tmp_path, monkeypatch)
    assert after[0] == ["outer up", "inner up", "inner down", "outer down"]


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        pytest.param(DEAD, ["up", "down"], ["up", "start", "stop", "down"], id="dead-handlers"),
        pytest.param(UNWIRED, [], ["up", "down"], id="unwired"),
        pytest.param(SYNC, [], ["up", "down"], id="sync"),
    ],
)
def test_what_never_ran_runs(
    text: str,
    before: list[str],
    after: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done = fixed(text, tmp_path)
    assert not done.left
    assert life(text, tmp_path, monkeypatch)[0] == before
    assert life(done.text, tmp_path, monkeypatch) == (after, (200, "served"))


def test_line_ends_are_kept(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    text = fixed(FACTORY, tmp_path / "other").text
    assert fixed(FACTORY.replace("\n", "\r\n"), tmp_path).text == text.replace("\n", "\r\n")
