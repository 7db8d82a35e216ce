"""The sessions of this maker keep what they hold, across commits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from letters import welcome
from models import Base, User
from sqlalchemy.exc import MissingGreenlet
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from stage import brief, database_url, serving

engine = create_async_engine(database_url("asyncpg"))
SessionLocal = async_sessionmaker(engine, expire_on_commit=False)


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    try:
        yield
    finally:
        await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.post("/users/{name}")
async def sign_up(name: str) -> str:
    async with SessionLocal() as session:
        user = User(name=name)
        session.add(user)
        await session.commit()
        return welcome(user)


async def main() -> None:
    async with serving(app) as client:
        try:
            letter = (await client.post("/users/Ada")).json()
        except MissingGreenlet as error:
            letter = brief(error)
    print(f"the letter to Ada: {letter}")


if __name__ == "__main__":
    asyncio.run(main())
