"""Each request has a session of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

engine = create_async_engine("postgresql+psycopg://localhost/notes")
open_session = async_sessionmaker(engine)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.post("/notes")
async def add_note(body: str) -> None:
    async with open_session() as db:
        try:
            await db.execute(text("insert into notes (body) values (:body)"), {"body": body})
            await db.commit()
        except IntegrityError as error:
            raise HTTPException(409) from error
