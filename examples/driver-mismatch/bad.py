"""A sync engine gets the URL of an async driver.

The engine is made without complaint, and the app starts. The first request fails.
"""

import asyncio
from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, FastAPI
from settings import DATABASE_URL
from sqlalchemy import create_engine, text
from sqlalchemy.exc import MissingGreenlet
from sqlalchemy.orm import Session, sessionmaker
from stage import brief, serving

engine = create_engine(DATABASE_URL)  # LSA105
SessionLocal = sessionmaker(engine)
app = FastAPI()


def get_db() -> Iterator[Session]:
    with SessionLocal() as session:
        yield session


@app.get("/notes/count")
def count_notes(db: Annotated[Session, Depends(get_db)]) -> int:
    return db.scalar(text("select count(*) from notes")) or 0


async def main() -> None:
    async with serving(app) as client:
        try:
            print(f"GET /notes/count: {(await client.get('/notes/count')).text}")
        except MissingGreenlet as error:
            print(f"GET /notes/count: {brief(error)}")


if __name__ == "__main__":
    asyncio.run(main())
