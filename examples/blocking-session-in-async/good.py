"""A plain `def` is run in a thread of its own, where it can take its time."""

import asyncio
import time
from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker
from stage import database_url, serving

engine = create_engine(database_url())
SessionLocal = sessionmaker(engine)
app = FastAPI()


def get_db() -> Iterator[Session]:
    with SessionLocal() as session:
        yield session


def turnover(db: Session, year: int) -> int:
    slow = text("select 99 from pg_sleep(3) where :year = 2025")
    return db.scalar(slow, {"year": year}) or 0


@app.get("/turnover/{year}")
def read_turnover(year: int, db: Annotated[Session, Depends(get_db)]) -> int:
    return turnover(db, year)


@app.get("/health")
async def check_health() -> str:
    return "alive"


async def main() -> None:
    async with serving(app) as client:
        started = time.monotonic()
        report = asyncio.create_task(client.get("/turnover/2025"))
        await asyncio.sleep(0.5)
        await client.get("/health")
        waited = time.monotonic() - started - 0.5
        await report
    print(f"GET /health while a report takes 3 s: answered after {waited:.1f} s")


if __name__ == "__main__":
    asyncio.run(main())
