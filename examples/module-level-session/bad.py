"""One session for all requests: the first that fails breaks all that follow.

PendingRollbackError: This Session's transaction has been rolled back due to a previous exception.
"""

from fastapi import FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

session = Session(create_engine("sqlite:///notes.db"))  # LSA301
app = FastAPI()


@app.post("/tags/{name}")
def add_tag(name: str) -> dict[str, str]:
    session.execute(text("insert into tags (name) values (:name)"), {"name": name})
    session.commit()
    return {"name": name}


@app.get("/tags")
def count_tags() -> int:
    return session.scalar(text("select count(*) from tags")) or 0
