"""Every row of the library knowledge, looked up in the library itself."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import pkgutil
import re
import warnings
from collections.abc import Callable, Iterable
from functools import cache
from importlib.util import find_spec
from types import ModuleType

import pytest

from flake8_sqlalchemy_lifecycle.model import knowledge
from flake8_sqlalchemy_lifecycle.model.knowledge import (
    ATTRIBUTES,
    AWAITED,
    COROUTINES,
    CREATOR_WORDS,
    CREATORS,
    DECORATORS,
    DISPATCHED,
    EVENTS,
    IO_METHODS,
    KEEPS_RECEIVER,
    LIBRARIES,
    NAMES,
    PLAIN,
    REEXPORTS,
    RETURNS,
    SAME_AS,
    STARTABLES,
    TAKES,
    TYPES,
    VIEWS,
    Kind,
    Takes,
    ancestry,
    canonical,
    member,
)

NOT_INSTALLED = {
    "torch": "2 GB",
    "django": "one decorator does not want a web framework",
    "taskiq_redis": "wants redis 7, which arq refuses; looked up in 1.2.4",
    "taskiq_nats": "looked up with taskiq_redis",
    "taskiq_aio_pika": "looked up with taskiq_redis",
    "taskiq_aio_kafka": "looked up with taskiq_redis",
}
"""Libraries whose rows nobody looks up, and why."""

OTHER_VERSIONS = {
    r"starlette\.(Starlette|Router)\.(route|websocket_route)": "Starlette < 1.0",
    r"starlette\.Starlette\.(middleware|exception_handler)": "Starlette < 1.0",
    r"starlette\.Starlette\.add_websocket_route": "Starlette < 1.0",
    r"starlette\.(Starlette|Router)\((on_startup|on_shutdown)\)": "Starlette < 1.0",
    r"pydantic\.BaseSettings": "pydantic 1",
    r"apscheduler\.(Async)?Scheduler(\..*)?": "APScheduler 4, looked up in 4.0.0a5",
    r"aiogram\.Dispatcher\.(register_)?\w+_handler": "aiogram 2, looked up in 2.25",
    r"aiogram\.executor\..*": "aiogram 2, looked up in 2.25",
}
"""Rows (patterns) for other versions than the installed one, which must not have them."""

STAND_INS = {
    "sanic.Context": "types.SimpleNamespace",
    "aiohttp.StartupList": "aiosignal.Signal",
    "aiohttp.ShutdownList": "aiosignal.Signal",
    "aiohttp.LifespanList": "aiosignal.Signal",
    "celery.StartupSignal": "celery.utils.dispatch.Signal",
    "aiogram.StartupObserver": "aiogram.dispatcher.event.event.EventObserver",
    "aiogram.ShutdownObserver": "aiogram.dispatcher.event.event.EventObserver",
    "multiprocessing.BaseContext": "multiprocessing.context.SpawnContext",
}
"""Types of the tables that the library does not have so, and its own type for them.

All but the last are invented: they say in which role a list or signal runs its functions.
"""

SUBMODULES = {
    "aiogram": "dispatcher.event.event exceptions filters",
    "aiohttp": "web",
    "anyio": "abc",
    "apscheduler": "schedulers.base schedulers.asyncio schedulers.background schedulers.blocking",
    "ariadne": "asgi",
    "arq": "worker",
    "cachetools": "func",
    "celery": "signals utils.dispatch",
    "concurrent": "futures",
    "discord": "ext.commands ext.tasks app_commands ui",
    "litestar": "background_tasks di events handlers middleware",
    "multiprocessing": "context pool process",
    "quart": "views",
    "rq": "decorators",
    "sanic": "views",
    "sqlalchemy": "orm ext.asyncio engine pool",
    "sqlmodel": "ext.asyncio.session",
    "starlette": "applications background concurrency endpoints middleware middleware.base "
    "requests routing testclient",
    "strawberry": "dataloader extensions fastapi permission",
    "taskiq": "brokers.inmemory_broker",
    "telegram": "ext",
    "werkzeug": "utils",
    "flask": "views",
    "billiard": "context pool process",
}
"""Where the names live that the top-level package does not hand on."""


def is_other_version(row: str) -> bool:
    return any(re.fullmatch(pattern, row) for pattern in OTHER_VERSIONS)


def library(row: str) -> str:
    return row.partition(".")[0]


@cache
def modules(name: str) -> tuple[ModuleType, ...]:
    """The modules in which a library's names are looked up. Fails where it is not installed."""
    names = [name, *(f"{name}.{sub}" for sub in SUBMODULES.get(name, "").split())]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tuple(importlib.import_module(module) for module in names)


def part(owner: object, name: str) -> object:
    """An attribute, of a class also one that only its instances have; None where there is none."""
    with warnings.catch_warnings(), contextlib.suppress(Exception):
        warnings.simplefilter("ignore")
        found = getattr(owner, name, None)
        if found is None and inspect.isclass(owner):
            if any(name in vars(base).get("__annotations__", {}) for base in owner.__mro__):
                return name
            return getattr(owner(), name, None)
        return found
    return None


@cache
def candidates(row: str) -> tuple[object, ...]:
    """The objects of the library that a canonical name can mean."""
    top, *parts = row.split(".")
    stand_in = STAND_INS.get(".".join((top, *parts[:1])))
    if stand_in is not None:
        module, _, name = stand_in.rpartition(".")
        found: list[object] = [getattr(importlib.import_module(module), name)]
        parts = parts[1:]
    else:
        found = list(modules(top))
    for name in parts:
        found = [p for owner in found if (p := part(owner, name)) is not None]
    return tuple(found)


def look_up(row: str) -> object:
    """The class, function or attribute that a row means; None where there is none."""
    found = candidates(row)
    return next((f for f in found if not isinstance(f, ModuleType)), None)


def known_rows() -> list[str]:
    rows = {*NAMES, *ATTRIBUTES, *ATTRIBUTES.values(), *RETURNS.values(), *KEEPS_RECEIVER}
    rows.update(base for row in TYPES.values() for base in row.bases)
    rows.update(f"{base}.{name}" for base, (_, names) in DISPATCHED.items() for name in names)
    return sorted(rows)


def looked_up(rows: Iterable[str]) -> list[str]:
    return [row for row in sorted(rows) if library(row) not in NOT_INSTALLED]


# methods that a subclass writes and its base does not have
HOOKS = re.compile(
    r"((flask|quart)\.MethodView|starlette\.HTTPEndpoint|sanic\.HTTPMethodView|aiohttp\.View)\.\w+|"
    r"discord\.Client\.on_\w+"
)


@pytest.mark.parametrize("row", looked_up(r for r in known_rows() if not HOOKS.fullmatch(r)))
def test_the_library_has_it(row: str) -> None:
    if row == "sqlalchemy.Session.get_bind":
        assert hasattr(look_up("sqlalchemy.Session"), "get_bind")
    elif is_other_version(row):
        assert look_up(row) is None, f"{row} is there: no longer of another version"
    else:
        assert look_up(row) is not None


@pytest.mark.parametrize("name", sorted(LIBRARIES))
def test_every_library_is_installed_or_excused(name: str) -> None:
    assert (find_spec(name) is None) == (name in NOT_INSTALLED)


@pytest.mark.parametrize("pattern", OTHER_VERSIONS)
def test_rows_of_other_versions_are_still_in_the_tables(pattern: str) -> None:
    rows = [*NAMES, *(f"{row}({t.keyword})" for row, takes in TAKES.items() for t in takes)]
    assert any(re.fullmatch(pattern, row) for row in rows)


def test_the_stand_ins_are_in_the_tables() -> None:
    assert set(STAND_INS) <= {*ATTRIBUTES.values(), *RETURNS.values()}


@pytest.mark.parametrize("row", looked_up(r for r, known in TYPES.items() if known.bases))
def test_bases(row: str) -> None:
    if not is_other_version(row):
        for base in TYPES[row].bases:
            # which has the methods of discord.Bot without being one
            sharded = row == "discord.AutoShardedBot"
            found, expected = look_up(row), look_up("discord.Client" if sharded else base)
            assert inspect.isclass(found)
            assert inspect.isclass(expected)
            assert issubclass(found, expected)


@pytest.mark.parametrize("row", looked_up(TYPES))
def test_types_are_classes(row: str) -> None:
    functions = {"threading.Lock", "threading.RLock"}  # up to Python 3.12
    assert is_other_version(row) or row in functions or any(map(inspect.isclass, candidates(row)))


@pytest.mark.parametrize("row", looked_up([*DECORATORS, *EVENTS]))
def test_decorators_can_be_called(row: str) -> None:
    assert is_other_version(row) or callable(look_up(row))


TAKERS = [
    pytest.param(row, taken, id=f"{row}({taken.keyword})")
    for row in looked_up(TAKES)
    for taken in TAKES[row]
]


@pytest.mark.parametrize(("row", "taken"), TAKERS)
def test_takers_have_the_argument(row: str, taken: Takes) -> None:
    if is_other_version(row):
        return
    found = look_up(row)
    assert callable(found)
    places = [
        name
        for name, parameter in parameters(row, found).items()
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    if taken.index is not None:
        assert places[taken.index] == taken.keyword
    else:
        has = taken.keyword in parameters(row, found)
        if row in PASS_ON:
            assert not has
            assert taken.keyword in parameters(PASS_ON[row], look_up(PASS_ON[row]))
        else:
            assert has != is_other_version(f"{row}({taken.keyword})")


PASS_ON = {
    "starlette.Starlette.add_middleware": "starlette.BaseHTTPMiddleware",
    "starlette.Middleware": "starlette.BaseHTTPMiddleware",
}
"""Takers that hand their keyword arguments on to another."""


def parameters(row: str, found: object) -> dict[str, inspect.Parameter]:
    """The parameters of a function, method (without self) or constructor, by name."""
    if inspect.isclass(found):
        signature = inspect.signature(found.__init__)
    else:
        assert callable(found)
        signature = inspect.signature(found)
    names = dict(signature.parameters)
    if next(iter(names)) in ("self", "cls") and (inspect.isclass(found) or row.count(".") > 1):
        names.pop(next(iter(names)))
    return names


@pytest.mark.parametrize("row", looked_up(RETURNS))
def test_returns(row: str) -> None:
    """The return annotation, where there is one, names the type or a class that derives from it."""
    found, expected = look_up(row), look_up(RETURNS[row])
    assert callable(found)
    if inspect.isclass(found):
        return
    function = inspect.unwrap(found)
    annotation = str(getattr(function, "__annotations__", {}).get("return", ""))
    words = re.findall(r"\w+", annotation)
    if words and words != ["Self"]:
        bases = candidates(RETURNS[row])
        derived = [look_up(f"{library(row)}.{word}") for word in words]
        assert expected is not None
        short = RETURNS[row].rpartition(".")[2]
        assert any(word.endswith(short) for word in words) or any(
            inspect.isclass(cls) and any(inspect.isclass(b) and issubclass(cls, b) for b in bases)
            for cls in derived
        ), annotation


@pytest.mark.parametrize("row", sorted(KEEPS_RECEIVER))
def test_keeps_the_receiver(row: str) -> None:
    found = look_up(row)
    assert callable(found)
    returned = str(inspect.signature(found).return_annotation)
    owner = row.split(".")[1]
    assert re.search(rf"\b({owner}|Self\w*|BuilderType|OptionEngine)\b", returned), returned


@pytest.mark.parametrize(("alias", "name"), [*SAME_AS.items()])
def test_same_as(alias: str, name: str) -> None:
    assert canonical(alias) == canonical(name) == name


@pytest.mark.parametrize(("copy", "original"), [*REEXPORTS.items()])
def test_reexports(copy: str, original: str) -> None:
    """The library has names that the tables know as the other's: the same objects, bar Quart."""
    names = {row.split(".")[1] for row in NAMES if library(row) == original}
    shared = [name for name in names if look_up(f"{copy}.{name}") is not None]
    assert shared
    if copy != "quart":
        assert any(look_up(f"{copy}.{n}") is look_up(f"{original}.{n}") for n in shared)


def test_creators() -> None:
    assert {row.partition(".")[2] for row in CREATORS} == set(CREATOR_WORDS)


def test_views_are_attributes() -> None:
    assert set(ATTRIBUTES) >= VIEWS


IO_CLASSES = {
    Kind.SESSION: ("sqlalchemy.Session", "sqlalchemy.AsyncSession", "sqlmodel.AsyncSession"),
    Kind.CONNECTION: ("sqlalchemy.Connection", "sqlalchemy.AsyncConnection"),
}


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, names in IO_METHODS.items() for name in sorted(names)]
)
def test_io_methods(kind: Kind, name: str) -> None:
    """Some class has the method; the asynchronous ones want it awaited or entered."""
    owners = [cls for cls in map(look_up, IO_CLASSES[kind]) if hasattr(cls, name)]
    assert owners
    for owner in owners:
        assert inspect.isclass(owner)
        if owner.__name__.startswith("Async"):
            assert must_be_awaited(getattr(owner, name))


@pytest.mark.parametrize("kind", IO_METHODS)
def test_io_methods_are_complete(kind: Kind) -> None:
    """What the asynchronous class wants awaited talks to the database; setting options need not."""
    owner = look_up(IO_CLASSES[kind][1])
    awaited = {
        name
        for name, found in inspect.getmembers(owner, inspect.isfunction)
        if not name.startswith("_") and must_be_awaited(found)
    }
    assert awaited - IO_METHODS[kind] <= {"execution_options"}


def must_be_awaited(method: Callable[..., object]) -> bool:
    """A coroutine function, or one whose result is started by `await` or `async with`."""
    function = inspect.unwrap(method)
    returned = str(function.__annotations__.get("return", ""))
    return (
        inspect.iscoroutinefunction(function)
        or inspect.isasyncgenfunction(function)
        or bool(re.fullmatch(r"Async\w*Transaction", returned))
    )


SQLMODELS = {"exec": "sqlmodel.AsyncSession"}
"""Methods in the tables of SQLAlchemy's session that only another library's session has."""


def methods(table: dict[str, frozenset[str]]) -> list[tuple[str, str]]:
    return [(owner, name) for owner, names in table.items() for name in sorted(names)]


def method_of(owner: str, name: str) -> Callable[..., object]:
    found: Callable[..., object] = getattr(look_up(SQLMODELS.get(name, owner)), name)
    assert callable(found)
    return found


def kind_of_call(method: Callable[..., object]) -> str:
    """A `coroutine` to await, something `startable` to await or enter, or `plain`."""
    function = inspect.unwrap(method)
    if inspect.iscoroutinefunction(function):
        return "coroutine"
    if function is not method and inspect.isasyncgenfunction(function):
        return "startable"
    returned = str(function.__annotations__.get("return", ""))
    startable = r"Async(Session)?Transaction|AsyncConnection|_AsyncSessionContextManager.*"
    return "startable" if re.fullmatch(startable, returned) else "plain"


@pytest.mark.parametrize(("owner", "name"), methods(COROUTINES))
def test_coroutines(owner: str, name: str) -> None:
    assert kind_of_call(method_of(owner, name)) == "coroutine"


@pytest.mark.parametrize(("owner", "name"), methods(STARTABLES))
def test_startables(owner: str, name: str) -> None:
    assert kind_of_call(method_of(owner, name)) == "startable"


@pytest.mark.parametrize(("owner", "name"), methods(PLAIN))
def test_plain_methods(owner: str, name: str) -> None:
    assert kind_of_call(method_of(owner, name)) == "plain"


@pytest.mark.parametrize("owner", sorted({*COROUTINES, *STARTABLES, *PLAIN}))
def test_every_method_is_in_one_of_the_tables(owner: str) -> None:
    cls = look_up(owner)
    listed = [*COROUTINES.get(owner, ()), *STARTABLES.get(owner, ()), *PLAIN.get(owner, ())]
    assert len(listed) == len(set(listed))
    known = {n for n, _ in inspect.getmembers(cls, inspect.isfunction) if not n.startswith("_")}
    assert known - set(listed) <= NOT_CALLED.get(owner, set())


NOT_CALLED = {
    "sqlalchemy.AsyncResult": {"partitions"},
    "sqlalchemy.AsyncScalarResult": {"partitions"},
    "sqlalchemy.AsyncMappingResult": {"partitions"},
    "sqlalchemy.AsyncSessionTransaction": {"bound_connection"},
}
"""Methods that no table needs: asynchronous generators, and one that nobody awaits by mistake."""


@pytest.mark.parametrize("row", sorted(row for row, result in AWAITED.items() if result))
def test_awaited(row: str) -> None:
    """The result's type stands in the return annotation; SQLModel's `exec` gives one of two."""
    owner, _, name = row.rpartition(".")
    annotation = str(inspect.unwrap(method_of(owner, name)).__annotations__.get("return", ""))
    expected = AWAITED[row]
    assert expected is not None
    short = expected.rpartition(".")[2]
    assert re.search(rf"\b(\w+\.)?(Cursor|Tuple)?{short}\b", annotation), annotation


def test_awaited_are_coroutines() -> None:
    assert set(AWAITED) == {f"{owner}.{name}" for owner, name in methods(COROUTINES)}


def test_server_events() -> None:
    """Sanic's listener takes exactly names that are its decorators too."""
    for row, events in EVENTS.items():
        owner = row.rpartition(".")[0]
        for event, role in events.items():
            assert DECORATORS[f"{owner}.{event}"] is role


def test_observers_of_aiogram() -> None:
    """Each kind of update that a router observes is a row."""
    router = look_up("aiogram.Router")
    assert callable(router)
    rows = {row.rpartition(".")[2] for row in DECORATORS if row.startswith("aiogram.Router.")}
    assert set(router().observers) <= rows


def test_handlers_of_telegram() -> None:
    """Each handler class that takes a callback is a row."""
    telegram = importlib.import_module("telegram.ext")
    handlers = {
        f"telegram.{name}"
        for name, cls in inspect.getmembers(telegram, inspect.isclass)
        if issubclass(cls, telegram.BaseHandler) and "callback" in inspect.signature(cls).parameters
    }
    assert handlers - {"telegram.BaseHandler"} <= set(TAKES)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("sqlalchemy.create_engine", "sqlalchemy.create_engine"),
        ("sqlalchemy.engine.create_engine", "sqlalchemy.create_engine"),
        ("sqlalchemy.engine.create.create_engine", "sqlalchemy.create_engine"),
        ("sqlalchemy.ext.asyncio.create_async_engine", "sqlalchemy.create_async_engine"),
        ("sqlalchemy.ext.asyncio.engine.AsyncEngine", "sqlalchemy.AsyncEngine"),
        ("sqlalchemy.ext.asyncio.AsyncEngine.connect", "sqlalchemy.AsyncEngine.connect"),
        ("sqlalchemy.orm.Session", "sqlalchemy.Session"),
        ("sqlalchemy.orm.session.sessionmaker", "sqlalchemy.sessionmaker"),
        ("sqlalchemy.ext.declarative.declarative_base", "sqlalchemy.declarative_base"),
        ("sqlalchemy.pool.NullPool", "sqlalchemy.NullPool"),
        ("sqlalchemy.engine.URL.create", "sqlalchemy.URL.create"),
        ("sqlalchemy.engine.url.make_url", "sqlalchemy.make_url"),
        ("sqlalchemy.select", "sqlalchemy.select"),
        ("sqlmodel.Session", "sqlalchemy.Session"),
        ("sqlmodel.ext.asyncio.session.AsyncSession", "sqlalchemy.AsyncSession"),
        ("sqlmodel.create_engine", "sqlalchemy.create_engine"),
        ("sqlmodel.pool.StaticPool", "sqlalchemy.StaticPool"),
        ("sqlmodel.select", "sqlmodel.select"),
        ("fastapi.FastAPI", "fastapi.FastAPI"),
        ("fastapi.applications.FastAPI.get", "fastapi.FastAPI.get"),
        ("fastapi.routing.APIRouter", "fastapi.APIRouter"),
        ("fastapi.requests.Request", "starlette.Request"),
        ("fastapi.BackgroundTasks", "starlette.BackgroundTasks"),
        ("fastapi.concurrency.run_in_threadpool", "starlette.run_in_threadpool"),
        ("starlette.middleware.base.BaseHTTPMiddleware", "starlette.BaseHTTPMiddleware"),
        ("litestar.handlers.http_handlers.decorators.get", "litestar.get"),
        ("litestar.di.Provide", "litestar.Provide"),
        ("quart.views.MethodView", "quart.MethodView"),
        ("quart.Quart", "quart.Quart"),
        ("quart.current_app", "flask.current_app"),
        ("aiohttp.web.Application", "aiohttp.Application"),
        ("aiohttp.ClientSession", "aiohttp.ClientSession"),
        ("aiohttp.ClientSession.get", "aiohttp.ClientSession.get"),
        ("aiohttp.web.get", "aiohttp.get"),
        ("aiohttp.web.RouteTableDef.get", "aiohttp.RouteTableDef.get"),
        ("celery.app.task.Task", "celery.Task"),
        ("celery.signals.worker_process_init.connect", "celery.worker_process_init.connect"),
        ("celery.signals.worker_process_init", "celery.signals.worker_process_init"),
        ("rq.decorators.job", "rq.job"),
        ("apscheduler.schedulers.asyncio.AsyncIOScheduler", "apscheduler.AsyncIOScheduler"),
        ("telegram.ext.Application.builder", "telegram.Application.builder"),
        ("discord.ext.commands.Bot", "discord.Bot"),
        ("discord.app_commands.command", "discord.command"),
        ("concurrent.futures.process.ProcessPoolExecutor", "concurrent.ProcessPoolExecutor"),
        ("multiprocessing.pool.Pool", "multiprocessing.Pool"),
        ("multiprocessing.dummy.Pool", "multiprocessing.dummy.Pool"),
        ("multiprocessing.dummy.Process", "multiprocessing.dummy.Process"),
        ("multiprocess.Process", "multiprocessing.Process"),
        ("torch.multiprocessing.Process", "torch.Process"),
        ("asyncio.locks.Lock", "asyncio.Lock"),
        ("multiprocessing.Lock", "multiprocessing.Lock"),
        ("pydantic.v1.BaseSettings", "pydantic.BaseSettings"),
        ("typing_extensions.Annotated", "typing.Annotated"),
        ("cachetools.func.ttl_cache", "functools.lru_cache"),
        ("boto3.Session", "boto3.Session"),
        ("psutil.Process", "psutil.Process"),
        ("app.sqlalchemy.Session", "app.sqlalchemy.Session"),
        ("sqlalchemy", "sqlalchemy"),
        ("Session", "Session"),
    ],
)
def test_canonical(spelling: str, name: str) -> None:
    assert canonical(spelling) == name
    assert canonical(name) == name


@pytest.mark.parametrize("name", sorted(NAMES - set(SAME_AS)))
def test_canonical_names_are_canonical(name: str) -> None:
    assert canonical(name) == name


def test_ancestry() -> None:
    assert ancestry("fastapi.FastAPI") == ("fastapi.FastAPI", "starlette.Starlette")
    assert ancestry("boto3.Session") == ("boto3.Session",)


def test_member() -> None:
    assert member("fastapi.FastAPI", "get") == "fastapi.FastAPI.get"
    assert member("fastapi.FastAPI", "add_middleware") == "starlette.Starlette.add_middleware"
    assert member("fastapi.FastAPI", "router") == "fastapi.FastAPI.router"
    assert member("taskiq_redis.ListQueueBroker", "task") == "taskiq.AsyncBroker.task"
    assert member("aiogram.Dispatcher", "startup") == "aiogram.Router.startup"
    assert member("sqlalchemy.Engine", "dispose") == "sqlalchemy.Engine.dispose"


def test_all_is_complete() -> None:
    public = {name for name in vars(knowledge) if not name.startswith("_")}
    submodules = {module.name for module in pkgutil.iter_modules(knowledge.__path__)}
    assert set(knowledge.__all__) == public - submodules - {"annotations", "cache", "sys"}
