"""The lifespan is a sync context manager: the application does not start.

`TypeError: '_GeneratorContextManager' object does not support the asynchronous context manager protocol`
"""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI, Request
from sqlalchemy import create_engine, text


@contextmanager
def lifespan(app: FastAPI) -> Iterator[None]:
    app.state.engine = create_engine("sqlite:///notes.db")
    try:
        yield
    finally:
        app.state.engine.dispose()


app = FastAPI(lifespan=lifespan)  # LSA206


@app.get("/notes/count")
def count_notes(request: Request) -> int:
    with request.app.state.engine.connect() as connection:
        return connection.scalar(text("select count(*) from notes")) or 0
