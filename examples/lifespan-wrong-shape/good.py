"""The lifespan is an async context manager, as the application wants it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from sqlalchemy import create_engine, text


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.engine = create_engine("sqlite:///notes.db")
    try:
        yield
    finally:
        app.state.engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.get("/notes/count")
def count_notes(request: Request) -> int:
    with request.app.state.engine.connect() as connection:
        return connection.scalar(text("select count(*) from notes")) or 0
