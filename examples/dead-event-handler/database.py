"""The engine of this example, and the lifespan that ends it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from stage import database_url

engine = create_async_engine(database_url("aiosqlite"))


@asynccontextmanager
async def close_engine(_app: FastAPI) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await engine.dispose()


async def create_tables() -> None:
    async with engine.begin() as connection:
        await connection.execute(text("create table notes (body text)"))
