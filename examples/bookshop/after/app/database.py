"""The shop's engine, and the sessions on it."""

from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from app import settings

engine = create_async_engine(
    settings.DATABASE_URL,
    pool_size=settings.POOL_SIZE,
    max_overflow=0,
    pool_timeout=settings.POOL_TIMEOUT,
)
SessionLocal = async_sessionmaker(engine, expire_on_commit=False)
