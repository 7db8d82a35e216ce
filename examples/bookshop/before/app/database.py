"""The shop's engine, and the sessions on it."""

from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine

from app import settings


def build_engine() -> AsyncEngine:
    return create_async_engine(
        settings.DATABASE_URL,
        pool_size=settings.POOL_SIZE,
        max_overflow=0,
        pool_timeout=settings.POOL_TIMEOUT,
    )


engine = build_engine()
SessionLocal = async_sessionmaker(engine)
