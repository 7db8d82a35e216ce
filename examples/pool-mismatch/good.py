"""The engine has the pool that SQLAlchemy made for asyncio, which is also the one that it chooses itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from sqlalchemy import AsyncAdaptedQueuePool, text
from sqlalchemy.ext.asyncio import create_async_engine
from stage import database_url, serving


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.engine = create_async_engine(
        database_url("aiosqlite"), poolclass=AsyncAdaptedQueuePool, pool_size=5
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
    async with serving(app) as client:
        print(f"the app has started, GET /health: {(await client.get('/health')).text}")


if __name__ == "__main__":
    asyncio.run(main())
