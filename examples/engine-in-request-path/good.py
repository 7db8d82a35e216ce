"""The app makes one engine when it starts, and disposes it when it stops."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from database import build_engine
from fastapi import Depends, FastAPI, Request
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from stage import backends, serving


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


@app.get("/backend")
async def read_backend(connection: Annotated[AsyncConnection, Depends(get_connection)]) -> int:
    return await connection.scalar(text("select pg_backend_pid()")) or 0


async def main() -> None:
    async with serving(app) as client:
        used = {(await client.get("/backend")).text for _ in range(40)}
    print(f"40 requests opened {len(used)} connection, {backends()} of them still open at the end")


if __name__ == "__main__":
    asyncio.run(main())
