"""The user is saved, and the answer is a 500: MissingGreenlet."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, FastAPI
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

app = FastAPI()
make_session = async_sessionmaker(create_async_engine("sqlite+aiosqlite:///users.db"))


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
    return {"id": user.id}
