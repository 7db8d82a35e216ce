"""A `with` around the `yield` closes the session, whatever the handler does."""

import asyncio
from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy import create_engine, text
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.orm import Session, sessionmaker
from stage import brief, database_url, psql, serving

engine = create_engine(database_url(), pool_size=3, max_overflow=0, pool_timeout=0.5)
SessionLocal = sessionmaker(engine)
app = FastAPI()


def get_db() -> Iterator[Session]:
    with SessionLocal() as session:
        yield session


@app.get("/notes/{number}")
def read_note(number: int, db: Annotated[Session, Depends(get_db)]) -> str:
    body = db.scalar(text("select body from notes where id = :number"), {"number": number})
    if body is None:
        raise HTTPException(404)
    return str(body)


async def main() -> None:
    psql("create table notes (id serial, body text)")
    async with serving(app) as client:
        for number in range(1, 51):
            try:
                answer = await client.get("/notes/404")
            except NoConnectionError as error:
                print(f"request {number}: {brief(error)}")
                return
    print(f"request {number}: {answer.status_code} {answer.reason_phrase}")


if __name__ == "__main__":
    asyncio.run(main())
