"""The loans have an engine of their own, for the database that has one already.

Each engine keeps to its limit; the server gets the sum.
"""

import asyncio

from database import URL, engine
from fastapi import FastAPI
from sqlalchemy import create_engine, text
from stage import backends, serving

loans_engine = create_engine(URL, pool_size=3, max_overflow=0)  # LSA104
app = FastAPI()


@app.get("/books")
def read_books() -> None:
    with engine.connect() as connection:
        connection.execute(text("select pg_sleep(0.1)"))


@app.get("/loans")
def read_loans() -> None:
    with loans_engine.connect() as connection:
        connection.execute(text("select pg_sleep(0.1)"))


async def main() -> None:
    async with serving(app) as client:
        await asyncio.gather(*(client.get(path) for path in ["/books", "/loans"] * 8))
    print(f"the pool is limited to 3 connections, PostgreSQL has {backends()}")


if __name__ == "__main__":
    asyncio.run(main())
