"""Where the engines of this example come from."""

import os

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine


def build_engine() -> AsyncEngine:
    url = os.environ.get("DATABASE_URL", "sqlite+aiosqlite:///notes.db")
    return create_async_engine(url, pool_size=5)
