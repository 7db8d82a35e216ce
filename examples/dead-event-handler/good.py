"""What is to happen at the start stands in the lifespan."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from database import close_engine, create_tables, engine
from fastapi import FastAPI
from sqlalchemy import text
from stage import serving


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with close_engine(app):
        await create_tables()
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/notes/count")
async def count_notes() -> int:
    async with engine.connect() as connection:
        return await connection.scalar(text("select count(*) from notes")) or 0


async def main() -> None:
    async with serving(app) as client:
        print(f"GET /notes/count: {(await client.get('/notes/count')).text}")


if __name__ == "__main__":
    asyncio.run(main())
