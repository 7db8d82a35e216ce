"""A `with` around the `yield` closes the session, whatever the handler does."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine("sqlite:///notes.db")
SessionLocal = sessionmaker(engine)
app = FastAPI()


def get_db() -> Iterator[Session]:
    with SessionLocal() as session:
        yield session


@app.get("/notes/{number}")
def read_note(number: int, db: Annotated[Session, Depends(get_db)]) -> str:
    body = db.scalar(text("select body from notes where rowid = :number"), {"number": number})
    if body is None:
        raise HTTPException(404)
    return str(body)
