"""`add()` returns nothing that can be awaited: every request ends in a TypeError, and nobody is stored."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from models import Base, Subscriber
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from stage import brief, database_url, serving

engine = create_async_engine(database_url("aiosqlite"))
SessionLocal = async_sessionmaker(engine)


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    try:
        yield
    finally:
        await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.post("/subscribers/{mail}")
async def subscribe(mail: str) -> str:
    async with SessionLocal() as session:
        await session.add(Subscriber(mail=mail))  # LSA306
        await session.commit()
    return f"welcome, {mail}"


@app.get("/subscribers")
async def count() -> int:
    async with SessionLocal() as session:
        return await session.scalar(select(func.count()).select_from(Subscriber)) or 0


async def main() -> None:
    async with serving(app) as client:
        try:
            answer = (await client.post("/subscribers/ada@example.org")).text
        except TypeError as error:
            answer = brief(error)
        counted = await client.get("/subscribers")
    print(f"the answer is {answer}, the subscribers are {counted.text}")


if __name__ == "__main__":
    asyncio.run(main())
