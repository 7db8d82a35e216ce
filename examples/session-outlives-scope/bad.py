"""The cache keeps the session of the first request for good, and its transaction is open from then on.

While the app runs, no migration gets its lock.
"""

import asyncio
from functools import lru_cache

from fastapi import FastAPI
from psycopg.errors import LockNotAvailable
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
from stage import brief, database_url, psql, serving

engine = create_engine(database_url())
app = FastAPI()


@lru_cache
def get_session() -> Session:
    return Session(engine)  # LSA304


@app.get("/tags")
def count_tags() -> int:
    return get_session().scalar(text("select count(*) from tags")) or 0


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
