"""What the examples stand on does what it says."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import psycopg
import pytest
import stage
from fastapi import FastAPI
from pairs import EXAMPLES


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with stage.server() as url:
        yield url


def run(program: str, server: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(EXAMPLES), stage.SERVER: server},
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    ).stdout


def databases(server: str) -> set[str]:
    with psycopg.connect(server) as connection:
        return {name for (name,) in connection.execute("select datname from pg_database")}


def test_each_run_has_a_fresh_database(server: str) -> None:
    program = "from stage import psql; psql('create table notes ()'); print(psql('select 7')[0])"
    before = databases(server)
    assert [run(program, server) for _ in range(2)] == ["7\n", "7\n"]
    assert databases(server) == before


def test_processes_of_a_program_share_its_database(server: str) -> None:
    child = "from stage import psql; psql('create table notes ()')"
    program = f"""
import subprocess, sys
from stage import psql
psql("select 1")
subprocess.run([sys.executable, "-c", {child!r}], check=True)
print(psql("select count(*) from notes"))
"""
    assert run(program, server) == "[0]\n"


def test_counts_backends(server: str) -> None:
    program = """
from sqlalchemy import create_engine, text
from stage import backends, database_url
engine = create_engine(database_url())
with engine.connect() as one, engine.connect() as two:
    one.execute(text("select 1"))
    print(backends(), backends("idle in transaction"))
print(backends())
engine.dispose()
print(backends())
"""
    assert run(program, server) == "2 1\n2\n0\n"


def test_sqlite_is_fresh_too(server: str) -> None:
    program = """
from pathlib import Path
from sqlalchemy import create_engine, inspect, text
from stage import database_url
assert database_url("aiosqlite").startswith("sqlite+aiosqlite:///")
engine = create_engine(database_url("pysqlite"))
print(inspect(engine).get_table_names(), Path(engine.url.database).exists())
"""
    assert run(program, server) == "[] True\n"


def test_serves_with_the_lifespan() -> None:
    happened = []

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        happened.append("start")
        yield
        happened.append("stop")

    app = FastAPI(lifespan=lifespan)

    @app.get("/fail")
    async def fail() -> None:
        happened.append("request")
        raise ValueError("wrong")

    async def main() -> None:
        async with stage.serving(app) as client:
            with pytest.raises(ValueError, match="wrong"):
                await client.get("/fail")

    asyncio.run(main())
    assert happened == ["start", "request", "stop"]


def test_tells_an_error_in_a_line() -> None:
    link = "(Background on this error at: https://sqlalche.me/e/21/isce)"
    assert stage.brief(ValueError(f"no {link}")) == "ValueError: no"
    assert stage.brief(ValueError(f"no\n[SQL: select 1]\n{link}")) == "ValueError: no"
    task = "<Task pending name='Task-6' coro=<f() running at /home/f.py:1> cb=[g() at /usr/g.py:2]>"
    future = "<Future pending cb=[h()]>"
    told = f"{task} got {future} attached to a different loop"
    expected = "RuntimeError: <Task …> got <Future …> attached to a different loop"
    assert stage.brief(RuntimeError(told)) == expected


def test_attempts_are_bounded() -> None:
    assert next(stage.attempts(2)) == 1
    with pytest.raises(SystemExit, match="nothing happened in 2 attempts"):
        list(stage.attempts(2))
