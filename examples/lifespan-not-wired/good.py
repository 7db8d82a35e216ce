"""The app gets its lifespan, which makes the engine and disposes it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from stage import database_url, serving


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.engine = create_async_engine(database_url("aiosqlite"))
    try:
        yield
    finally:
        await app.state.engine.dispose()


app = FastAPI(title="notes", lifespan=lifespan)


@app.get("/tables/count")
async def count_tables(request: Request) -> int:
    async with request.app.state.engine.connect() as connection:
        return await connection.scalar(text("select count(*) from sqlite_schema")) or 0


async def main() -> None:
    async with serving(app) as client:
        print(f"GET /tables/count: {(await client.get('/tables/count')).text}")


if __name__ == "__main__":
    asyncio.run(main())
