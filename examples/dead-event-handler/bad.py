"""An app that has a lifespan runs no event handlers, and does not say so."""

import asyncio

from database import close_engine, create_tables, engine
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from stage import brief, serving

app = FastAPI(lifespan=close_engine)


@app.on_event("startup")  # LSA202
async def start() -> None:
    await create_tables()


@app.get("/notes/count")
async def count_notes() -> int:
    async with engine.connect() as connection:
        return await connection.scalar(text("select count(*) from notes")) or 0


async def main() -> None:
    async with serving(app) as client:
        try:
            print(f"GET /notes/count: {(await client.get('/notes/count')).text}")
        except OperationalError as error:
            print(f"GET /notes/count: {brief(error)}")


if __name__ == "__main__":
    asyncio.run(main())
