"""All tasks of the event loop get one session out of the registry.

Two requests at once: the `rollback()` of the one throws away what the other has added, whose `commit()` then returns
normally, with no row stored.
"""

from fastapi import FastAPI, HTTPException
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import scoped_session, sessionmaker

app = FastAPI()
engine = create_engine("postgresql+psycopg://localhost/notes")
db = scoped_session(sessionmaker(engine))


@app.post("/notes")
async def add_note(body: str) -> None:
    try:
        db.execute(text("insert into notes (body) values (:body)"), {"body": body})  # LSA307 LSA404
        db.commit()
    except IntegrityError as error:
        db.rollback()
        raise HTTPException(409) from error
    finally:
        db.remove()
