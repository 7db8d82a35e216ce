"""The dispose follows a bare yield: an exception that comes in there passes it over.

Here the lifespan of a router fails at its end, and the connections of the engine stay open.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from stage import backends, brief, database_url, serving

logger = logging.getLogger(__name__)
engine = create_async_engine(database_url("asyncpg"))


@asynccontextmanager
async def report_usage(_app: FastAPI) -> AsyncIterator[None]:
    yield
    raise ConnectionError("the metrics server is gone")


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.execute(text("create table if not exists notes (body text)"))
    yield
    logger.info("stopping")
    await engine.dispose()  # LSA204


app = FastAPI(lifespan=lifespan)
router = APIRouter(lifespan=report_usage)


@router.get("/notes/count")
async def count_notes() -> int:
    async with engine.connect() as connection:
        return await connection.scalar(text("select count(*) from notes")) or 0


app.include_router(router)


async def main() -> None:
    try:
        async with serving(app) as client:
            await client.get("/notes/count")
    except ConnectionError as error:
        print(f"stopped ({brief(error)}), connections left open: {backends()}")


if __name__ == "__main__":
    asyncio.run(main())
