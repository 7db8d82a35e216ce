"""The database of this example."""

from sqlalchemy import make_url
from stage import database_url, psql

URL = make_url(database_url()).set(drivername="postgresql+psycopg")

psql("create table items (name text, price int); insert into items values ('tea', 300)")


def restart() -> None:
    """End all connections, as a restart of the server does."""
    psql("""
        select pg_terminate_backend(pid, 5000) from pg_stat_activity
        where datname = current_database() and backend_type = 'client backend'
        and pid <> pg_backend_pid()
    """)
