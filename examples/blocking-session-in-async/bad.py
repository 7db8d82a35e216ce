"""One slow report, and meanwhile nobody gets an answer."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

app = FastAPI()
make_session = sessionmaker(create_engine("postgresql+psycopg:///shop"))


def get_db() -> Iterator[Session]:
    with make_session() as session:
        yield session


Db = Annotated[Session, Depends(get_db)]


def turnover(db: Session, year: int) -> int:
    return db.scalar(text("select sum(price) from sale where year = :year"), {"year": year}) or 0


@app.get("/turnover/{year}")
async def read_turnover(year: int, db: Db) -> dict[str, int]:
    return {"turnover": turnover(db, year)}  # LSA307


@app.get("/health")
async def health() -> str:
    return "alive"
