"""Start-up and shutdown are the two halves of one lifespan."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from stage import database_url, serving

engine = create_async_engine(database_url("aiosqlite"))


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    try:
        await create_tables()
        yield
    finally:
        await engine.dispose()


async def create_tables() -> None:
    async with engine.begin() as connection:
        await connection.execute(text("create table notes (body text)"))


async def count_notes() -> int:
    async with engine.connect() as connection:
        return await connection.scalar(text("select count(*) from notes")) or 0


def create_app() -> FastAPI:
    app = FastAPI(lifespan=lifespan)
    app.add_api_route("/notes/count", count_notes)
    return app


async def main() -> None:
    async with serving(create_app()) as client:
        print(f"the app has started, GET /notes/count: {(await client.get('/notes/count')).text}")


if __name__ == "__main__":
    asyncio.run(main())
