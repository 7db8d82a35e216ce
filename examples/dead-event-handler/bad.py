"""An app that has a lifespan runs no event handlers, and does not say so.

The table is never made. The first request fails: no such table: notes.
"""

from database import close_engine, create_tables, engine
from fastapi import FastAPI
from sqlalchemy import text

app = FastAPI(lifespan=close_engine)


@app.on_event("startup")
async def start() -> None:
    await create_tables()


@app.get("/notes/count")
async def count_notes() -> int:
    async with engine.connect() as connection:
        return await connection.scalar(text("select count(*) from notes")) or 0
