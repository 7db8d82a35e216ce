"""Where the engines of this example come from."""

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from stage import database_url


def build_engine() -> AsyncEngine:
    return create_async_engine(database_url("asyncpg"), pool_size=5)
