"""The lifespan is written, and the app is not given it: the engine is never made.

The app starts; the first request fails with `AttributeError: 'State' object has no attribute 'engine'`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:  # LSA205
    app.state.engine = create_async_engine("sqlite+aiosqlite:///notes.db")
    try:
        yield
    finally:
        await app.state.engine.dispose()


app = FastAPI(title="notes")


@app.get("/notes/count")
async def count_notes(request: Request) -> int:
    async with request.app.state.engine.connect() as connection:
        return await connection.scalar(text("select count(*) from notes")) or 0
