"""The cache gives every request the session of the first one.

Requests that run at the same time share its transaction, and one that fails breaks all that follow.
"""

from functools import lru_cache

from fastapi import FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

engine = create_engine("sqlite:///notes.db")
app = FastAPI()


@lru_cache
def get_session() -> Session:
    return Session(engine)  # LSA304


@app.get("/tags")
def count_tags() -> int:
    return get_session().scalar(text("select count(*) from tags")) or 0
