"""The user is saved, and the answer is a 500: MissingGreenlet."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_async_engine("sqlite+aiosqlite:///users.db")
make_session = async_sessionmaker(engine)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await engine.dispose()


app = FastAPI(lifespan=lifespan)


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "user"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


async def get_db() -> AsyncIterator[AsyncSession]:
    async with make_session() as session:
        yield session


@app.post("/users")
async def create_user(name: str, db: Annotated[AsyncSession, Depends(get_db)]) -> dict[str, int]:
    user = User(name=name)
    db.add(user)
    await db.commit()
    return {"id": user.id}  # LSA311
