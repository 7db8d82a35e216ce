"""The engine is to have a pool for threads, which an async engine cannot use: the app does not start."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from sqlalchemy import QueuePool, text
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import create_async_engine
from stage import brief, database_url, serving


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.engine = create_async_engine(  # LSA106
        database_url("aiosqlite"), poolclass=QueuePool, pool_size=5
    )
    try:
        yield
    finally:
        await app.state.engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.get("/health")
async def check_health(request: Request) -> int:
    async with request.app.state.engine.connect() as connection:
        return await connection.scalar(text("select 1")) or 0


async def main() -> None:
    try:
        async with serving(app) as client:
            print(f"the app has started, GET /health: {(await client.get('/health')).text}")
    except ArgumentError as error:
        print(f"the app does not start: {brief(error)}")


if __name__ == "__main__":
    asyncio.run(main())
