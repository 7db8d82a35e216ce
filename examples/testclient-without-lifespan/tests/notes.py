"""An app whose engine is made by its lifespan."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from stage import database_url


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.engine = create_async_engine(database_url("aiosqlite"))
    try:
        async with app.state.engine.begin() as connection:
            await connection.execute(text("create table if not exists notes (body text)"))
        yield
    finally:
        await app.state.engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.get("/notes/count")
async def count_notes(request: Request) -> int:
    async with request.app.state.engine.connect() as connection:
        return await connection.scalar(text("select count(*) from notes")) or 0
