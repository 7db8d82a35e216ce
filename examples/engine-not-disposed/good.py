"""The lifespan that ends the app ends its engine too."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from database import engine, get_db
from fastapi import Depends, FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from stage import backends, serving

logger = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    logger.info("starting")
    try:
        yield
    finally:
        await engine.dispose()
        logger.info("stopped")


app = FastAPI(lifespan=lifespan)


@app.get("/health")
async def check_health(db: Annotated[AsyncSession, Depends(get_db)]) -> str:
    await db.execute(text("select pg_sleep(0.1)"))
    return "ok"


async def main() -> None:
    async with serving(app) as client:
        await asyncio.gather(*(client.get("/health") for _ in range(20)))
    print(f"the app has stopped, PostgreSQL has {backends()} connections of it open")


if __name__ == "__main__":
    asyncio.run(main())
