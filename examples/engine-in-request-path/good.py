"""The app makes one engine when it starts, and disposes it when it stops."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from database import build_engine
from fastapi import Depends, FastAPI, Request
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    engine = build_engine()
    app.state.engine = engine
    try:
        yield
    finally:
        await engine.dispose()


app = FastAPI(lifespan=lifespan)


async def get_connection(request: Request) -> AsyncIterator[AsyncConnection]:
    async with request.app.state.engine.connect() as connection:
        yield connection


Connection = Annotated[AsyncConnection, Depends(get_connection)]


@app.get("/notes/count")
async def count_notes(connection: Connection) -> int:
    return await connection.scalar(text("select count(*) from notes")) or 0


@app.get("/health")
async def check_health(connection: Connection) -> str:
    await connection.execute(text("select 1"))
    return "ok"
