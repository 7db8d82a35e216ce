"""The settings of this example, which choose a driver for asyncio: asyncpg."""

from sqlalchemy import make_url
from stage import database_url, psql

DATABASE_URL = make_url(database_url()).set(drivername="postgresql+asyncpg")

psql("create table notes (body text)")
