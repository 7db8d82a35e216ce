"""The engine of the tasks keeps no connection: each run opens its own, in its own event loop."""

import asyncio

from celery import Celery
from sqlalchemy import NullPool, text
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

celery = Celery("notes", broker="redis://localhost")
engine = create_async_engine("postgresql+asyncpg://localhost/notes", poolclass=NullPool)
open_session = async_sessionmaker(engine)


async def delete_old(days: int) -> None:
    async with open_session() as session:
        await session.execute(text("delete from notes where age > :days"), {"days": days})
        await session.commit()


@celery.task
def clean_up(days: int = 30) -> None:
    asyncio.run(delete_old(days))
