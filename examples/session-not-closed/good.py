"""`with` closes the session, whatever happens."""

from fastapi import FastAPI, HTTPException
from sqlalchemy import create_engine, text
from sqlalchemy.orm import sessionmaker

engine = create_engine("sqlite:///notes.db")
SessionLocal = sessionmaker(engine)
app = FastAPI()


@app.get("/notes/{number}")
def read_note(number: int) -> str:
    with SessionLocal() as session:
        query = text("select body from notes where rowid = :number")
        body = session.scalar(query, {"number": number})
    if body is None:
        raise HTTPException(404)
    return str(body)
