"""What is done when there is time: `celery -A app.worker worker`."""

import asyncio

from celery import Celery
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from app import settings
from app.repositories import BookRepository

celery = Celery("bookshop", broker=settings.BROKER_URL, backend=settings.RESULTS_URL)
# Each task has an event loop of its own, over which no connection lives.
engine = create_async_engine(settings.DATABASE_URL, poolclass=NullPool)
TaskSession = async_sessionmaker(engine, expire_on_commit=False)


async def set_price(isbn: str, price: int) -> None:
    async with TaskSession() as session:
        await BookRepository(session).change_price(isbn, price)


@celery.task
def reprice(isbn: str, price: int) -> None:
    asyncio.run(set_price(isbn, price))
