"""What the model knows about libraries, as data. Supporting one more framework is adding rows here.

Names are canonical: the top-level package and the name that users write (`sqlalchemy.AsyncSession`), whatever submodule
it was imported from; a method follows its class (`sqlalchemy.AsyncEngine.connect`). The facts about SQLAlchemy were read
off 2.1.9 and 2.0.57, those about FastAPI off 0.163.2 with Starlette 1.10.0; `tests/test_knowledge.py` looks every row up
in the installed libraries.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache


class Kind(Enum):
    """The kinds of objects that rules speak of."""

    ENGINE = auto()
    MAKER = auto()
    REGISTRY = auto()
    SESSION = auto()
    CONNECTION = auto()
    TRANSACTION = auto()
    APP = auto()
    ROUTER = auto()
    TASKS = auto()  # task groups and nurseries
    STACK = auto()  # contextlib's exit stacks
    LOCK = auto()
    PROCESS = auto()
    PROCESS_POOL = auto()
    SETTINGS = auto()


@dataclass(frozen=True, slots=True)
class Type:
    """A library's class: its kind, its bases (canonical names), and whether it belongs to asyncio."""

    kind: Kind | None = None
    bases: tuple[str, ...] = ()
    is_async: bool = False


_HTTP = ("get", "post", "put", "patch", "delete", "options", "head", "trace")

TYPES: dict[str, Type] = {
    # SQLAlchemy
    "sqlalchemy.Engine": Type(Kind.ENGINE),
    "sqlalchemy.AsyncEngine": Type(Kind.ENGINE, is_async=True),
    "sqlalchemy.sessionmaker": Type(Kind.MAKER),
    "sqlalchemy.async_sessionmaker": Type(Kind.MAKER, is_async=True),
    "sqlalchemy.scoped_session": Type(Kind.REGISTRY),
    "sqlalchemy.async_scoped_session": Type(Kind.REGISTRY, is_async=True),
    "sqlalchemy.Session": Type(Kind.SESSION),
    "sqlalchemy.AsyncSession": Type(Kind.SESSION, is_async=True),
    "sqlalchemy.Connection": Type(Kind.CONNECTION),
    "sqlalchemy.AsyncConnection": Type(Kind.CONNECTION, is_async=True),
    "sqlalchemy.SessionTransaction": Type(Kind.TRANSACTION),
    "sqlalchemy.AsyncSessionTransaction": Type(Kind.TRANSACTION, is_async=True),
    "sqlalchemy.Transaction": Type(Kind.TRANSACTION),
    "sqlalchemy.RootTransaction": Type(Kind.TRANSACTION, ("sqlalchemy.Transaction",)),
    "sqlalchemy.AsyncTransaction": Type(Kind.TRANSACTION, is_async=True),
    "sqlalchemy.URL": Type(),
    "sqlalchemy.NullPool": Type(),
    "sqlalchemy.StaticPool": Type(),
    "sqlalchemy.QueuePool": Type(),
    "sqlalchemy.AsyncAdaptedQueuePool": Type(),
    "sqlalchemy.SingletonThreadPool": Type(),
    "sqlalchemy.AssertionPool": Type(),
    "flask_sqlalchemy.SQLAlchemy": Type(),
    # web frameworks
    "starlette.Starlette": Type(Kind.APP, is_async=True),
    "starlette.Router": Type(Kind.ROUTER, is_async=True),
    "fastapi.FastAPI": Type(Kind.APP, ("starlette.Starlette",), is_async=True),
    "fastapi.APIRouter": Type(Kind.ROUTER, ("starlette.Router",), is_async=True),
    "starlette.HTTPEndpoint": Type(),
    "starlette.WebSocketEndpoint": Type(),
    "starlette.BaseHTTPMiddleware": Type(),
    "starlette.Request": Type(),
    "starlette.BackgroundTasks": Type(),
    "starlette.BackgroundTask": Type(),
    "litestar.Litestar": Type(Kind.APP, is_async=True),
    "litestar.Router": Type(Kind.ROUTER, is_async=True),
    "litestar.Controller": Type(),
    "flask.Flask": Type(Kind.APP),
    "flask.Blueprint": Type(Kind.ROUTER),
    "flask.MethodView": Type(),
    "flask.View": Type(),
    "quart.Quart": Type(Kind.APP, is_async=True),
    "quart.Blueprint": Type(Kind.ROUTER, is_async=True),
    "sanic.Sanic": Type(Kind.APP, is_async=True),
    "sanic.Blueprint": Type(Kind.ROUTER, is_async=True),
    "sanic.HTTPMethodView": Type(),
    "aiohttp.Application": Type(Kind.APP, is_async=True),
    "aiohttp.RouteTableDef": Type(Kind.ROUTER, is_async=True),
    "aiohttp.UrlDispatcher": Type(Kind.ROUTER, is_async=True),
    "aiohttp.View": Type(),
    # task queues, bots, schedulers
    "celery.Celery": Type(Kind.APP),
    "celery.Task": Type(),
    "dramatiq.GenericActor": Type(),
    "taskiq.AsyncBroker": Type(is_async=True),
    "apscheduler.BaseScheduler": Type(),
    "apscheduler.BackgroundScheduler": Type(bases=("apscheduler.BaseScheduler",)),
    "apscheduler.BlockingScheduler": Type(bases=("apscheduler.BaseScheduler",)),
    "apscheduler.AsyncIOScheduler": Type(bases=("apscheduler.BaseScheduler",), is_async=True),
    "aiogram.Router": Type(Kind.ROUTER, is_async=True),
    "aiogram.Dispatcher": Type(Kind.APP, ("aiogram.Router",), is_async=True),
    # concurrency
    "asyncio.TaskGroup": Type(Kind.TASKS, is_async=True),
    "anyio.TaskGroup": Type(Kind.TASKS, is_async=True),
    "trio.Nursery": Type(Kind.TASKS, is_async=True),
    "asyncio.AbstractEventLoop": Type(is_async=True),
    "asyncio.Lock": Type(Kind.LOCK, is_async=True),
    "anyio.Lock": Type(Kind.LOCK, is_async=True),
    "trio.Lock": Type(Kind.LOCK, is_async=True),
    "asyncio.Semaphore": Type(is_async=True),
    "threading.Lock": Type(Kind.LOCK),
    "threading.RLock": Type(Kind.LOCK),
    "contextlib.ExitStack": Type(Kind.STACK),
    "contextlib.AsyncExitStack": Type(Kind.STACK, is_async=True),
    # processes
    "multiprocessing.Process": Type(Kind.PROCESS),
    "multiprocessing.Pool": Type(Kind.PROCESS_POOL),
    "multiprocessing.BaseContext": Type(),
    "concurrent.ProcessPoolExecutor": Type(Kind.PROCESS_POOL),
    "concurrent.ThreadPoolExecutor": Type(),
    "billiard.Process": Type(Kind.PROCESS),
    "billiard.Pool": Type(Kind.PROCESS_POOL),
    "torch.Process": Type(Kind.PROCESS),
    "torch.Pool": Type(Kind.PROCESS_POOL),
    # settings
    "pydantic_settings.BaseSettings": Type(Kind.SETTINGS),
    "pydantic.BaseSettings": Type(Kind.SETTINGS),
    "pydantic.BaseModel": Type(),
}

CREATORS = {
    "sqlalchemy.create_engine": "sqlalchemy.Engine",
    "sqlalchemy.engine_from_config": "sqlalchemy.Engine",
    "sqlalchemy.create_async_engine": "sqlalchemy.AsyncEngine",
    "sqlalchemy.async_engine_from_config": "sqlalchemy.AsyncEngine",
}
"""The functions that make an engine. `AsyncEngine(engine)` wraps one and is followed to it."""

CREATOR_WORDS = (
    "create_engine",
    "create_async_engine",
    "engine_from_config",
    "async_engine_from_config",
)

RETURNS: dict[str, str] = {
    **CREATORS,
    "sqlalchemy.make_url": "sqlalchemy.URL",
    "sqlalchemy.URL.create": "sqlalchemy.URL",
    "sqlalchemy.URL.set": "sqlalchemy.URL",
    "sqlalchemy.Engine.connect": "sqlalchemy.Connection",
    "sqlalchemy.Engine.begin": "sqlalchemy.Connection",
    "sqlalchemy.AsyncEngine.connect": "sqlalchemy.AsyncConnection",
    "sqlalchemy.AsyncEngine.begin": "sqlalchemy.AsyncConnection",
    "sqlalchemy.Session.begin": "sqlalchemy.SessionTransaction",
    "sqlalchemy.Session.begin_nested": "sqlalchemy.SessionTransaction",
    "sqlalchemy.AsyncSession.begin": "sqlalchemy.AsyncSessionTransaction",
    "sqlalchemy.AsyncSession.begin_nested": "sqlalchemy.AsyncSessionTransaction",
    "sqlalchemy.Session.connection": "sqlalchemy.Connection",
    "sqlalchemy.AsyncSession.connection": "sqlalchemy.AsyncConnection",
    "sqlalchemy.Connection.begin": "sqlalchemy.Transaction",
    "sqlalchemy.Connection.begin_nested": "sqlalchemy.Transaction",
    "sqlalchemy.AsyncConnection.begin": "sqlalchemy.AsyncTransaction",
    "sqlalchemy.AsyncConnection.begin_nested": "sqlalchemy.AsyncTransaction",
    "anyio.create_task_group": "anyio.TaskGroup",
    "trio.open_nursery": "trio.Nursery",
    "asyncio.get_event_loop": "asyncio.AbstractEventLoop",
    "asyncio.get_running_loop": "asyncio.AbstractEventLoop",
    "asyncio.new_event_loop": "asyncio.AbstractEventLoop",
    "multiprocessing.get_context": "multiprocessing.BaseContext",
    "billiard.get_context": "multiprocessing.BaseContext",
    "multiprocessing.BaseContext.Process": "multiprocessing.Process",
    "multiprocessing.BaseContext.Pool": "multiprocessing.Pool",
    "aiohttp.Application.router": "aiohttp.UrlDispatcher",
}
"""What a function or method returns (awaited or entered, where it must be), and some methods that keep their receiver."""

KEEPS_RECEIVER = frozenset(
    {
        "sqlalchemy.Engine.execution_options",
        "sqlalchemy.AsyncEngine.execution_options",
        "sqlalchemy.Connection.execution_options",
        "sqlalchemy.AsyncConnection.execution_options",
    }
)

ATTRIBUTES: dict[str, str] = {
    "sqlalchemy.AsyncEngine.sync_engine": "sqlalchemy.Engine",
    "sqlalchemy.AsyncSession.sync_session": "sqlalchemy.Session",
    "sqlalchemy.AsyncConnection.sync_connection": "sqlalchemy.Connection",
    "starlette.Starlette.router": "starlette.Router",
    "fastapi.FastAPI.router": "fastapi.APIRouter",
    "flask_sqlalchemy.SQLAlchemy.session": "sqlalchemy.scoped_session",
    "flask_sqlalchemy.SQLAlchemy.engine": "sqlalchemy.Engine",
    "aiohttp.Application.router": "aiohttp.UrlDispatcher",
}
"""Attributes that are a view of their owner or belong to it: type.attribute → type."""

VIEWS = frozenset(
    {
        "sqlalchemy.AsyncEngine.sync_engine",
        "sqlalchemy.AsyncSession.sync_session",
        "sqlalchemy.AsyncConnection.sync_connection",
    }
)
"""Attributes that stand for the very resource of their owner."""

SAME_AS = {
    "sqlmodel.Session": "sqlalchemy.Session",
    "sqlmodel.AsyncSession": "sqlalchemy.AsyncSession",
    "sqlmodel.create_engine": "sqlalchemy.create_engine",
    "sqlmodel.URL": "sqlalchemy.URL",
    "sqlalchemy.asyncio.async_sessionmaker": "sqlalchemy.async_sessionmaker",
    "sqlalchemy.AsyncSession.get_bind": "sqlalchemy.Session.get_bind",
    "multiprocess.Process": "multiprocessing.Process",
    "multiprocess.Pool": "multiprocessing.Pool",
    "joblib.Parallel": "joblib.Parallel",
    "billiard.context.Process": "billiard.Process",
    "asyncio.BoundedSemaphore": "asyncio.Semaphore",
    "asyncer.create_task_group": "anyio.create_task_group",
    "typing_extensions.Annotated": "typing.Annotated",
    "async_lru.alru_cache": "functools.lru_cache",
    "asyncstdlib.lru_cache": "functools.lru_cache",
    "asyncstdlib.cache": "functools.cache",
    "cachetools.cached": "functools.cache",
    "cachetools.cachedmethod": "functools.cache",
    "aiocache.cached": "functools.cache",
    "werkzeug.cached_property": "functools.cached_property",
    "django.cached_property": "functools.cached_property",
    "async_generator.asynccontextmanager": "contextlib.asynccontextmanager",
}
"""Other spellings of a canonical name."""

REEXPORTS = {"fastapi": "starlette", "quart": "flask", "sqlmodel": "sqlalchemy"}
"""A library whose modules hand on the names of another."""

CACHES = frozenset({"functools.cache", "functools.lru_cache", "functools.cached_property"})
CONTEXT_MANAGERS = frozenset({"contextlib.contextmanager", "contextlib.asynccontextmanager"})

IO_METHODS: dict[Kind, frozenset[str]] = {
    Kind.SESSION: frozenset(
        "begin begin_nested close commit connection delete delete_all execute exec flush get get_one "
        "invalidate merge merge_all refresh reset rollback run_sync scalar scalars stream "
        "stream_scalars query aclose bulk_save_objects bulk_insert_mappings "
        "bulk_update_mappings".split()
    ),
    Kind.CONNECTION: frozenset(
        "aclose begin begin_nested close commit exec_driver_sql execute get_raw_connection invalidate "
        "rollback run_sync scalar scalars stream stream_scalars start".split()
    ),
}
"""Methods that talk to the database, by kind of object."""


class Role(Enum):
    """Why a function runs."""

    REQUEST = auto()  # once per request
    OPERATION = auto()  # once per task, job, message or resolver call
    STARTUP = auto()
    SHUTDOWN = auto()
    LIFESPAN = auto()  # start-up before its yield, shutdown after it


@dataclass(frozen=True, slots=True)
class Takes:
    """An argument that is a function (or a list of such) which the callee runs in a role."""

    role: Role
    keyword: str
    index: int | None = None


_STARLETTE_APPS = ("starlette.Starlette", "starlette.Router")
_FASTAPI_APPS = ("fastapi.FastAPI", "fastapi.APIRouter")
_FLASK_APPS = ("flask.Flask", "flask.Blueprint", "quart.Quart", "quart.Blueprint")
_SANIC_APPS = ("sanic.Sanic", "sanic.Blueprint")

DECORATORS: dict[str, Role] = {
    **{f"{app}.{verb}": Role.REQUEST for app in _FASTAPI_APPS for verb in _HTTP},
    **{
        f"{app}.{name}": Role.REQUEST
        for app in (*_FASTAPI_APPS, *_STARLETTE_APPS)
        for name in ("api_route", "route", "websocket", "websocket_route", "middleware")
    },
    "starlette.Starlette.exception_handler": Role.REQUEST,
    **{f"litestar.{name}": Role.REQUEST for name in ("get", "post", "put", "patch", "delete")},
    **{
        f"litestar.{name}": Role.REQUEST
        for name in ("head", "route", "websocket", "websocket_listener")
    },
    **{
        f"{app}.{name}": Role.REQUEST
        for app in _FLASK_APPS
        for name in (
            "route",
            "get",
            "post",
            "put",
            "patch",
            "delete",
            "before_request",
            "after_request",
            "teardown_request",
            "errorhandler",
            "context_processor",
            "websocket",
        )
    },
    **{
        f"{app}.{name}": Role.REQUEST
        for app in _SANIC_APPS
        for name in (*_HTTP[:-1], "route", "websocket", "middleware", "on_request", "on_response")
    },
    **{
        f"aiohttp.RouteTableDef.{name}": Role.REQUEST
        for name in ("get", "post", "put", "patch", "delete", "head", "options", "route", "view")
    },
    "aiohttp.middleware": Role.REQUEST,
    "celery.Celery.task": Role.OPERATION,
    "celery.shared_task": Role.OPERATION,
    "dramatiq.actor": Role.OPERATION,
    "rq.job": Role.OPERATION,
    "taskiq.AsyncBroker.task": Role.OPERATION,
    "apscheduler.BaseScheduler.scheduled_job": Role.OPERATION,
    **{
        f"aiogram.Router.{name}": Role.OPERATION
        for name in ("message", "callback_query", "inline_query", "errors", "edited_message")
    },
    "strawberry.field": Role.OPERATION,
    "strawberry.mutation": Role.OPERATION,
    "strawberry.subscription": Role.OPERATION,
    "ariadne.ObjectType.field": Role.OPERATION,
}
"""Decorators (a method of an app, or a function) that make a function run in a role."""

TAKES: dict[str, tuple[Takes, ...]] = {
    "fastapi.Depends": (Takes(Role.REQUEST, "dependency", 0),),
    "fastapi.Security": (Takes(Role.REQUEST, "dependency", 0),),
    "litestar.Provide": (Takes(Role.REQUEST, "dependency", 0),),
    "fastapi.FastAPI.add_api_route": (Takes(Role.REQUEST, "endpoint", 1),),
    "fastapi.APIRouter.add_api_route": (Takes(Role.REQUEST, "endpoint", 1),),
    "fastapi.FastAPI.add_api_websocket_route": (Takes(Role.REQUEST, "endpoint", 1),),
    "starlette.Starlette.add_route": (Takes(Role.REQUEST, "route", 1),),
    "starlette.Router.add_route": (Takes(Role.REQUEST, "endpoint", 1),),
    "starlette.Starlette.add_websocket_route": (Takes(Role.REQUEST, "route", 1),),
    "starlette.Starlette.add_middleware": (Takes(Role.REQUEST, "middleware_class", 0),),
    "starlette.Starlette.add_exception_handler": (Takes(Role.REQUEST, "handler", 1),),
    "starlette.Route": (Takes(Role.REQUEST, "endpoint", 1),),
    "starlette.WebSocketRoute": (Takes(Role.REQUEST, "endpoint", 1),),
    "starlette.Middleware": (Takes(Role.REQUEST, "cls", 0),),
    "starlette.BackgroundTask": (Takes(Role.OPERATION, "func", 0),),
    "starlette.BackgroundTasks.add_task": (Takes(Role.OPERATION, "func", 0),),
    "flask.Flask.add_url_rule": (Takes(Role.REQUEST, "view_func", 2),),
    "flask.Blueprint.add_url_rule": (Takes(Role.REQUEST, "view_func", 2),),
    **{
        f"aiohttp.UrlDispatcher.add_{verb}": (Takes(Role.REQUEST, "handler", 1),)
        for verb in ("get", "post", "put", "patch", "delete", "head", "view")
    },
    "aiohttp.UrlDispatcher.add_route": (Takes(Role.REQUEST, "handler", 2),),
    **{
        f"aiohttp.{verb}": (Takes(Role.REQUEST, "handler", 1),)
        for verb in ("get", "post", "put", "patch", "delete", "head", "view")
    },
    "sanic.Sanic.add_route": (Takes(Role.REQUEST, "handler", 0),),
    "apscheduler.BaseScheduler.add_job": (Takes(Role.OPERATION, "func", 0),),
}
"""Functions and methods that take a function and run it."""

DISPATCHED: dict[str, tuple[Role, frozenset[str]]] = {
    "starlette.HTTPEndpoint": (Role.REQUEST, frozenset(_HTTP)),
    "starlette.WebSocketEndpoint": (
        Role.REQUEST,
        frozenset({"on_connect", "on_receive", "on_disconnect"}),
    ),
    "starlette.BaseHTTPMiddleware": (Role.REQUEST, frozenset({"dispatch"})),
    "flask.MethodView": (Role.REQUEST, frozenset(_HTTP)),
    "flask.View": (Role.REQUEST, frozenset({"dispatch_request"})),
    "sanic.HTTPMethodView": (Role.REQUEST, frozenset(_HTTP)),
    "aiohttp.View": (Role.REQUEST, frozenset(_HTTP)),
    "celery.Task": (Role.OPERATION, frozenset({"run"})),
    "aiogram.BaseMiddleware": (Role.OPERATION, frozenset({"__call__"})),
}
"""Methods of subclasses that the framework calls, by base class."""

FUNCTIONS = frozenset(
    {
        "asyncio.gather",
        "asyncio.wait",
        "asyncio.as_completed",
        "asyncio.create_task",
        "asyncio.ensure_future",
        "asyncio.run",
        "asyncio.shield",
        "asyncio.wait_for",
        "asyncio.to_thread",
        "starlette.run_in_threadpool",
        "contextlib.closing",
        "contextlib.aclosing",
        "contextlib.suppress",
        "contextlib.nullcontext",
        "functools.partial",
        "functools.wraps",
        "os.fork",
        "os.getenv",
        "multiprocessing.set_start_method",
        "sqlalchemy.declarative_base",
        "flask.current_app",
    }
)
"""Further functions that the model or a rule knows by their canonical name."""

NAMES = (
    frozenset(TYPES)
    | frozenset(RETURNS)
    | frozenset(SAME_AS)
    | CACHES
    | CONTEXT_MANAGERS
    | frozenset(DECORATORS)
    | frozenset(TAKES)
    | frozenset(DISPATCHED)
    | FUNCTIONS
)
LIBRARIES = frozenset(name.partition(".")[0] for name in NAMES) | frozenset(REEXPORTS)
STANDARD_LIBRARY = sys.stdlib_module_names


@cache
def canonical(dotted: str) -> str:
    """The name under which the tables know `dotted`; unknown names come back as they are."""
    if dotted.startswith("multiprocessing.dummy"):
        return dotted
    parts = dotted.split(".")
    top = parts[0]
    if top not in LIBRARIES:
        return dotted
    for library in (top, REEXPORTS.get(top)):
        if library is None:
            continue
        for length in (1, 2):
            if len(parts) > length:
                name = ".".join((library, *parts[-length:]))
                name = SAME_AS.get(name, name)
                if name in NAMES:
                    return name
    return dotted


@cache
def ancestry(type_name: str) -> tuple[str, ...]:
    """The type and its bases, near to far."""
    found = [type_name]
    for base in TYPES[type_name].bases if type_name in TYPES else ():
        found.extend(ancestry(base))
    return tuple(found)


@cache
def member(type_name: str, name: str) -> str:
    """The canonical name of a method or attribute: that of the nearest base whose row the tables have."""
    for base in ancestry(type_name):
        key = f"{base}.{name}"
        if key in NAMES or key in ATTRIBUTES or key in KEEPS_RECEIVER:
            return key
    return f"{type_name}.{name}"
