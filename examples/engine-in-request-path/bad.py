"""Each request makes an engine, with a pool that nobody closes.

Nothing looks wrong in either file. Under load the database runs out of connections.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from database import build_engine
from fastapi import Depends, FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from stage import backends, serving

app = FastAPI()


async def get_connection() -> AsyncIterator[AsyncConnection]:
    async with build_engine().connect() as connection:  # LSA101
        yield connection


@app.get("/backend")
async def read_backend(connection: Annotated[AsyncConnection, Depends(get_connection)]) -> int:
    return await connection.scalar(text("select pg_backend_pid()")) or 0


async def main() -> None:
    async with serving(app) as client:
        used = {(await client.get("/backend")).text for _ in range(40)}
    print(f"40 requests opened {len(used)} connections, {backends()} of them still open at the end")


if __name__ == "__main__":
    asyncio.run(main())
