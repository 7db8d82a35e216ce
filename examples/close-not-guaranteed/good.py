"""`with` closes the session after an error, too."""

from fastapi import FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import sessionmaker

engine = create_engine("sqlite:///notes.db")
SessionLocal = sessionmaker(engine)
app = FastAPI()


@app.post("/tags/{name}")
def add_tag(name: str) -> dict[str, str]:
    with SessionLocal() as session:
        session.execute(text("insert into tags (name) values (:name)"), {"name": name})
        session.commit()
    return {"name": name}
