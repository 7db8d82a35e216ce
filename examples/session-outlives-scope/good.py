"""The cache keeps the maker, and each request has a session of its own."""

import asyncio
from functools import lru_cache

from fastapi import FastAPI
from psycopg.errors import LockNotAvailable
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker
from stage import brief, database_url, psql, serving

engine = create_engine(database_url())
app = FastAPI()


@lru_cache
def get_maker() -> sessionmaker[Session]:
    return sessionmaker(engine)


@app.get("/tags")
def count_tags() -> int:
    with get_maker()() as session:
        return session.scalar(text("select count(*) from tags")) or 0


async def main() -> None:
    psql("create table tags (name text); insert into tags values ('red')")
    async with serving(app) as client:
        answer = await client.get("/tags")
        try:
            psql("set lock_timeout = '1s'; alter table tags add colour text")
            migrated = "done"
        except LockNotAvailable as error:
            migrated = brief(error)
    print(f"GET /tags: {answer.text}, then ALTER TABLE tags: {migrated}")


if __name__ == "__main__":
    asyncio.run(main())
