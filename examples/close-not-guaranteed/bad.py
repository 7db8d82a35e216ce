"""The insert that fails leaves the function at once, and the close is passed over.

Each duplicate keeps a connection of the pool until the garbage collector comes by.
"""

from fastapi import FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import sessionmaker

engine = create_engine("sqlite:///notes.db")
SessionLocal = sessionmaker(engine)
app = FastAPI()


@app.post("/tags/{name}")
def add_tag(name: str) -> dict[str, str]:
    session = SessionLocal()  # LSA312
    session.execute(text("insert into tags (name) values (:name)"), {"name": name})
    session.commit()
    session.close()
    return {"name": name}
