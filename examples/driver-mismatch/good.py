"""An async engine for the async driver."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI
from settings import DATABASE_URL
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from stage import serving

engine = create_async_engine(DATABASE_URL)
SessionLocal = async_sessionmaker(engine, expire_on_commit=False)


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await engine.dispose()


app = FastAPI(lifespan=lifespan)


async def get_db() -> AsyncIterator[AsyncSession]:
    async with SessionLocal() as session:
        yield session


@app.get("/notes/count")
async def count_notes(db: Annotated[AsyncSession, Depends(get_db)]) -> int:
    return await db.scalar(text("select count(*) from notes")) or 0


async def main() -> None:
    async with serving(app) as client:
        print(f"GET /notes/count: {(await client.get('/notes/count')).text}")


if __name__ == "__main__":
    asyncio.run(main())
