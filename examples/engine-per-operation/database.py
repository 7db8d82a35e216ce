"""The database of this example."""

from sqlalchemy import Engine, create_engine, text
from stage import database_url


def build_engine() -> Engine:
    return create_engine(database_url(), pool_size=5)


def create_tables() -> None:
    engine = build_engine()
    try:
        with engine.begin() as connection:
            connection.execute(
                text("create table invoices (customer text, backend int default pg_backend_pid())")
            )
    finally:
        engine.dispose()
