"""Books and loans share the one engine of their database."""

import asyncio

from database import engine
from fastapi import FastAPI
from sqlalchemy import text
from stage import backends, serving

app = FastAPI()


@app.get("/books")
def read_books() -> None:
    with engine.connect() as connection:
        connection.execute(text("select pg_sleep(0.1)"))


@app.get("/loans")
def read_loans() -> None:
    with engine.connect() as connection:
        connection.execute(text("select pg_sleep(0.1)"))


async def main() -> None:
    async with serving(app) as client:
        await asyncio.gather(*(client.get(path) for path in ["/books", "/loans"] * 8))
    print(f"the pool is limited to 3 connections, PostgreSQL has {backends()}")


if __name__ == "__main__":
    asyncio.run(main())
