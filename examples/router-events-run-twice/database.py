"""The engine of this example, and what is written with it."""

from sqlalchemy import create_engine, text
from stage import database_url

engine = create_engine(database_url("pysqlite"))


def write_down_the_start() -> None:
    with engine.begin() as connection:
        connection.execute(text("create table if not exists starts (at text)"))
        connection.execute(text("insert into starts values (datetime('now'))"))


def count_starts() -> int:
    with engine.connect() as connection:
        return connection.scalar(text("select count(*) from starts")) or 0
