"""The app stops and leaves the connections of its engine open.

The server keeps them until the process ends; each reload and each test adds more.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from database import get_db
from fastapi import Depends, FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

logger = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    logger.info("starting")
    try:
        yield
    finally:
        logger.info("stopped")


app = FastAPI(lifespan=lifespan)


@app.get("/notes/count")
async def count_notes(db: Annotated[AsyncSession, Depends(get_db)]) -> int:
    return await db.scalar(text("select count(*) from notes")) or 0
