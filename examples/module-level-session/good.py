"""The maker is shared, and each request has a session of its own."""

import asyncio

from fastapi import FastAPI, HTTPException
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import sessionmaker
from stage import brief, database_url, psql, serving

engine = create_engine(database_url())
SessionLocal = sessionmaker(engine)
app = FastAPI()


@app.post("/tags/{name}")
def add_tag(name: str) -> None:
    with SessionLocal() as session:
        try:
            session.execute(text("insert into tags values (:name)"), {"name": name})
        except IntegrityError as error:
            raise HTTPException(409) from error
        session.commit()


@app.get("/tags")
def count_tags() -> int:
    with SessionLocal() as session:
        return session.scalar(text("select count(*) from tags")) or 0


async def main() -> None:
    psql("create table tags (name text primary key); insert into tags values ('red')")
    async with serving(app) as client:
        again = await client.post("/tags/red")
        try:
            answer = await client.get("/tags")
            counted = answer.text
        except DBAPIError as error:
            counted = brief(error)
    print(f"POST /tags/red: {again.status_code}, then GET /tags: {counted}")


if __name__ == "__main__":
    asyncio.run(main())
