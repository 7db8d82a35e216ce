"""What is done when there is time: `celery -A app.worker worker`."""

import asyncio

from celery import Celery

from app import settings
from app.database import SessionLocal
from app.repositories import BookRepository

celery = Celery("bookshop", broker=settings.BROKER_URL, backend=settings.RESULTS_URL)


async def set_price(isbn: str, price: int) -> None:
    async with SessionLocal() as session:
        await BookRepository(session).change_price(isbn, price)


@celery.task
def reprice(isbn: str, price: int) -> None:
    asyncio.run(set_price(isbn, price))  # LSA406
