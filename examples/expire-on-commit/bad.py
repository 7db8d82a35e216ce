"""A maker whose sessions expire what they hold, each time they commit."""

from collections.abc import AsyncIterator

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

engine = create_async_engine("postgresql+asyncpg:///shop", pool_pre_ping=True)
make_session = async_sessionmaker(engine, autoflush=False)  # LSA310


async def get_db() -> AsyncIterator[AsyncSession]:
    async with make_session() as session:
        yield session


async def close() -> None:
    await engine.dispose()
