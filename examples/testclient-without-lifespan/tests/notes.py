"""An application whose engine is made by its lifespan."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.engine = create_async_engine("sqlite+aiosqlite:///notes.db")
    try:
        yield
    finally:
        await app.state.engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.get("/notes/count")
async def count_notes(request: Request) -> int:
    async with request.app.state.engine.connect() as connection:
        return await connection.scalar(text("select count(*) from sqlite_master")) or 0


@app.get("/health")
async def health() -> dict[str, bool]:
    return {"ok": True}
