"""SQLAlchemy's own dialects and their drivers: which serve asyncio, which do not. Read off SQLAlchemy 2.1.9 and 2.0.57.

A scheme is what stands before `://`. `postgresql+psycopg` and `oracle+oracledb` serve both and are in neither set, as
is what other packages bring.
"""

from __future__ import annotations

_SYNC = {
    "postgresql": "psycopg2 psycopg2cffi pg8000",
    "mysql": "mysqldb pymysql mysqlconnector cymysql pyodbc",
    "mariadb": "mysqldb pymysql mysqlconnector cymysql pyodbc mariadbconnector",
    "sqlite": "pysqlite pysqlcipher",
    "oracle": "cx_oracle",
    "mssql": "pyodbc pymssql mssqlpython",
}
_ASYNC = {
    "postgresql": "asyncpg psycopg_async",
    "mysql": "aiomysql asyncmy",
    "mariadb": "aiomysql asyncmy",
    "sqlite": "aiosqlite",
    "oracle": "oracledb_async",
    "mssql": "aioodbc",
}


def _schemes(table: dict[str, str]) -> frozenset[str]:
    return frozenset(f"{dialect}+{name}" for dialect in table for name in table[dialect].split())


SYNC_ONLY = _schemes(_SYNC) | {"sqlite", "mysql", "mariadb", "mssql"}
ASYNC_ONLY = _schemes(_ASYNC)
SERVES_BOTH_SINCE = {"postgresql": "2.1", "oracle": "2.1"}
"""Bare names whose default driver was a sync one before that version of SQLAlchemy."""
SERVERS = frozenset("postgresql mysql mariadb oracle mssql".split())
"""The dialects of databases that are servers."""
