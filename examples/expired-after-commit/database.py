"""The engine of this example, its sessions, and a lifespan that makes the tables."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from models import Base
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from stage import database_url

engine = create_async_engine(database_url("asyncpg"))
SessionLocal = async_sessionmaker(engine)


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    try:
        yield
    finally:
        await engine.dispose()
