"""The maker is shared, and each request has a session of its own."""

from fastapi import FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import sessionmaker

SessionLocal = sessionmaker(create_engine("sqlite:///notes.db"))
app = FastAPI()


@app.post("/tags/{name}")
def add_tag(name: str) -> dict[str, str]:
    with SessionLocal.begin() as session:
        session.execute(text("insert into tags (name) values (:name)"), {"name": name})
    return {"name": name}


@app.get("/tags")
def count_tags() -> int:
    with SessionLocal() as session:
        return session.scalar(text("select count(*) from tags")) or 0
