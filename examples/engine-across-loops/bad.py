"""Each task has an event loop, and all of them share the connections of one pool.

The second task on a worker ends with `RuntimeError: … attached to a different loop`.
"""

import asyncio

from celery import Celery
from sqlalchemy import text
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

celery = Celery("notes", broker="redis://localhost")
engine = create_async_engine("postgresql+asyncpg://localhost/notes", pool_pre_ping=True)
open_session = async_sessionmaker(engine)


async def delete_old(days: int) -> None:
    async with open_session() as session:
        await session.execute(text("delete from notes where age > :days"), {"days": days})
        await session.commit()


@celery.task
def clean_up(days: int = 30) -> None:
    asyncio.run(delete_old(days))  # LSA406
