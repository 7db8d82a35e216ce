"""The engine keeps no connection: each task opens one in its own event loop, and closes it."""

import asyncio

from celery import Celery
from celery.contrib.testing.worker import start_worker
from sqlalchemy import NullPool, make_url, text
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from stage import brief, database_url, psql

celery = Celery("notes", broker="memory://", backend="cache+memory://")
celery.conf.broker_transport_options = {"polling_interval": 0.1}
url = make_url(database_url()).set(drivername="postgresql+asyncpg")
engine = create_async_engine(url, poolclass=NullPool)
SessionLocal = async_sessionmaker(engine)


async def delete_old(days: int) -> int:
    async with SessionLocal.begin() as session:
        result = await session.execute(text("delete from notes where age > :days"), {"days": days})
        return result.rowcount


@celery.task
def clean_up(days: int) -> str:
    return f"{asyncio.run(delete_old(days))} deleted"


def main() -> None:
    psql("create table notes (age int); insert into notes values (50), (400)")
    with start_worker(celery, perform_ping_check=False):
        first = clean_up.delay(365).get()
        try:
            second = clean_up.delay(30).get()
        except RuntimeError as error:
            second = brief(error)
    print(f"the first task: {first}; the second task: {second}")


if __name__ == "__main__":
    main()
