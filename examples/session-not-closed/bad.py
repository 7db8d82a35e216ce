"""The session of each request keeps its connection until the garbage collector comes by.

Under load the pool runs dry: QueuePool limit of size 5 overflow 10 reached.
"""

from fastapi import FastAPI, HTTPException
from sqlalchemy import create_engine, text
from sqlalchemy.orm import sessionmaker

engine = create_engine("sqlite:///notes.db")
SessionLocal = sessionmaker(engine)
app = FastAPI()


@app.get("/notes/{number}")
def read_note(number: int) -> str:
    session = SessionLocal()  # LSA302
    body = session.scalar(text("select body from notes where rowid = :number"), {"number": number})
    if body is None:
        raise HTTPException(404)
    return str(body)
