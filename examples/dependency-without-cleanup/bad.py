"""When the handler raises, nothing after the dependency's `yield` runs.

Each 404 keeps a connection of the pool until the garbage collector comes by: after some of them
the app hangs, then fails: QueuePool limit of size 5 overflow 10 reached.
"""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine("sqlite:///notes.db")
SessionLocal = sessionmaker(engine)
app = FastAPI()


def get_db() -> Iterator[Session]:
    session = SessionLocal()
    yield session
    session.close()


@app.get("/notes/{number}")
def read_note(number: int, db: Annotated[Session, Depends(get_db)]) -> str:
    body = db.scalar(text("select body from notes where rowid = :number"), {"number": number})
    if body is None:
        raise HTTPException(404)
    return str(body)
