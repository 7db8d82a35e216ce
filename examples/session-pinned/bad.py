"""The request's session, and with it its connection, is kept until the slow task has ended.

A few such tasks, and the pool has no connection for anybody else.
"""

import asyncio
from collections.abc import Iterator
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.orm import Session, sessionmaker
from stage import brief, database_url, psql, serving
from translator import send

engine = create_engine(database_url(), pool_size=3, max_overflow=0, pool_timeout=0.5)
SessionLocal = sessionmaker(engine)
app = FastAPI()


def get_db() -> Iterator[Session]:
    with SessionLocal() as session:
        yield session


def translate(db: Session, number: int) -> None:
    body = db.scalar(text("select body from notes where id = :id"), {"id": number})
    send(body)


@app.post("/notes/{number}/translation", status_code=202)
def order(number: int, tasks: BackgroundTasks, db: Annotated[Session, Depends(get_db)]) -> None:
    tasks.add_task(translate, db, number)  # LSA407


@app.get("/notes")
def count(db: Annotated[Session, Depends(get_db)]) -> int:
    return db.scalar(text("select count(*) from notes")) or 0


async def main() -> None:
    psql("create table notes (id int, body text); insert into notes values (1, 'bread')")
    async with serving(app) as client:
        orders = [asyncio.create_task(client.post("/notes/1/translation")) for _ in range(3)]
        await asyncio.sleep(1)
        try:
            counted = (await client.get("/notes")).text
        except NoConnectionError as error:
            counted = brief(error)
        await asyncio.wait(orders)
    print(f"GET /notes while 3 translations run: {counted}")


if __name__ == "__main__":
    asyncio.run(main())
