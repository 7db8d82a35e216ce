"""The settings of this example, and a look into its two databases."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import make_url
from stage import database_url

PRODUCTION = database_url("pysqlite")
TEST = PRODUCTION.replace("example.db", "test.db")


@dataclass
class Settings:
    database_url: str = PRODUCTION


settings = Settings()


def count_members(url: str) -> int:
    with closing(sqlite3.connect(make_url(url).database or "")) as database:
        [[number]] = database.execute("select count(*) from members")
        return number


for url in (PRODUCTION, TEST):
    with closing(sqlite3.connect(make_url(url).database or "")) as database:
        database.execute("create table members (name text)")
