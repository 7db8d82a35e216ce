"""Each task opens a session of its own."""

import asyncio

from database import SessionLocal, lifespan
from fastapi import FastAPI
from repository import NoteRepository
from stage import psql, serving

app = FastAPI(lifespan=lifespan)


async def count() -> int:
    async with SessionLocal() as session:
        return await NoteRepository(session).count()


async def longest() -> int:
    async with SessionLocal() as session:
        return await NoteRepository(session).longest()


@app.get("/notes/statistics")
async def read_statistics() -> dict[str, int]:
    counted, measured = await asyncio.gather(count(), longest())
    return {"count": counted, "longest": measured}


async def main() -> None:
    psql("create table notes (body text); insert into notes values ('bread'), ('milk')")
    async with serving(app) as client:
        answer = await client.get("/notes/statistics")
        print(f"GET /notes/statistics: {answer.json()}")


if __name__ == "__main__":
    asyncio.run(main())
