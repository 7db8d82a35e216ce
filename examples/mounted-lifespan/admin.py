"""An application that other ones mount."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from stage import database_url


@asynccontextmanager
async def admin_lifespan(_app: FastAPI) -> AsyncIterator[None]:
    admin.state.engine = create_async_engine(database_url("aiosqlite"))
    try:
        yield
    finally:
        await admin.state.engine.dispose()


admin = FastAPI(title="admin", lifespan=admin_lifespan)


@admin.get("/tables/count")
async def count_tables(request: Request) -> int:
    async with request.app.state.engine.connect() as connection:
        return await connection.scalar(text("select count(*) from sqlite_schema")) or 0
