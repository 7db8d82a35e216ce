"""Start-up and shutdown are events, which FastAPI deprecated and Starlette 1.0 removed."""

from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

engine = create_async_engine("sqlite+aiosqlite:///notes.db")
app = FastAPI()


@app.on_event("startup")  # LSA201
async def create_tables() -> None:
    async with engine.begin() as connection:
        await connection.execute(text("create table if not exists notes (body text)"))


@app.on_event("shutdown")  # LSA201
async def close_engine() -> None:
    await engine.dispose()


@app.get("/notes/count")
async def count_notes() -> int:
    async with engine.connect() as connection:
        return await connection.scalar(text("select count(*) from notes")) or 0
