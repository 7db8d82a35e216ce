"""Every sign-up ends in a TypeError, and the address is gone.

`POST /subscribers?mail=ada@example.org` answers 500: object NoneType can't be used in 'await' expression.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_async_engine("sqlite+aiosqlite:///:memory:")
maker = async_sessionmaker(engine)


class Base(DeclarativeBase):
    pass


class Subscriber(Base):
    __tablename__ = "subscriber"

    mail: Mapped[str] = mapped_column(primary_key=True)


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    try:
        yield
    finally:
        await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.post("/subscribers")
async def sign_up(mail: str) -> str:
    async with maker() as session:
        await session.add(Subscriber(mail=mail))  # LSA306
        await session.commit()
    return f"welcome, {mail}"


@app.get("/subscribers")
async def count() -> int | None:
    async with maker() as session:
        return await session.scalar(select(func.count()).select_from(Subscriber))
