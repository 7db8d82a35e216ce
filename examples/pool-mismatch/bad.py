"""A service whose engines never come to be."""

import os

from sqlalchemy import NullPool, QueuePool, create_engine, text
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

URL = os.environ.get("CATALOGUE_URL", "sqlite+aiosqlite:///catalogue.db")
SYNC_URL = URL.replace("+aiosqlite", "")

engine = create_async_engine(  # LSA106
    URL,
    poolclass=QueuePool,
    pool_size=5,
)
Catalogue = async_sessionmaker(engine, expire_on_commit=False)


def migrate() -> None:
    admin = create_engine(SYNC_URL, poolclass=NullPool, max_overflow=0)  # LSA106
    with admin.begin() as connection:
        connection.execute(text("create table if not exists item (id integer primary key)"))


async def count() -> int:
    async with Catalogue() as session:
        return await session.scalar(text("select count(*) from item")) or 0
