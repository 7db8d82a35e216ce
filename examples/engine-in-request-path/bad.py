"""Each request makes an engine, with a pool that nobody closes.

Nothing looks wrong in either file. Under load the database runs out of connections.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from database import build_engine
from fastapi import Depends, FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

app = FastAPI()


async def get_connection() -> AsyncIterator[AsyncConnection]:
    async with build_engine().connect() as connection:
        yield connection


Connection = Annotated[AsyncConnection, Depends(get_connection)]


@app.get("/notes/count")
async def count_notes(connection: Connection) -> int:
    return await connection.scalar(text("select count(*) from notes")) or 0


@app.get("/health")
async def check_health(connection: Connection) -> str:
    await connection.execute(text("select 1"))
    return "ok"
