"""A sync engine gets the URL of an async driver.

The engine is made without complaint. The first request fails: MissingGreenlet.
"""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, FastAPI
from settings import DATABASE_URL
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine(DATABASE_URL)  # LSA105
SessionLocal = sessionmaker(engine)
app = FastAPI()


def get_db() -> Iterator[Session]:
    with SessionLocal() as session:
        yield session


@app.get("/notes/count")
def count_notes(db: Annotated[Session, Depends(get_db)]) -> int:
    return db.scalar(text("select count(*) from notes")) or 0
