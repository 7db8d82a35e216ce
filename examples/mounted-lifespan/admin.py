"""An application that other ones mount."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine


@asynccontextmanager
async def admin_lifespan(_app: FastAPI) -> AsyncIterator[None]:
    admin.state.engine = create_async_engine("sqlite+aiosqlite:///notes.db")
    try:
        yield
    finally:
        await admin.state.engine.dispose()


admin = FastAPI(title="admin", lifespan=admin_lifespan)


@admin.get("/notes/count")
async def count_notes(request: Request) -> int:
    async with request.app.state.engine.connect() as connection:
        return await connection.scalar(text("select count(*) from notes")) or 0
