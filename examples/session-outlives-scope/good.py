"""The cache keeps the maker, and each request has a session of its own."""

from functools import lru_cache

from fastapi import FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine("sqlite:///notes.db")
app = FastAPI()


@lru_cache
def get_maker() -> sessionmaker[Session]:
    return sessionmaker(engine)


@app.get("/tags")
def count_tags() -> int:
    with get_maker()() as session:
        return session.scalar(text("select count(*) from tags")) or 0
