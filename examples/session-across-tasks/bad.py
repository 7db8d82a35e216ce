"""Two tasks use one session, which is one connection, at the same time.

It works as long as the pool has a connection at hand, and fails after a restart and under load.
"""

import asyncio
from typing import Annotated

from database import get_db, lifespan
from fastapi import Depends, FastAPI
from repository import NoteRepository
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncSession
from stage import brief, psql, serving

app = FastAPI(lifespan=lifespan)


@app.get("/notes/statistics")
async def read_statistics(db: Annotated[AsyncSession, Depends(get_db)]) -> dict[str, int]:
    notes = NoteRepository(db)
    count, longest = await asyncio.gather(notes.count(), notes.longest())  # LSA402
    return {"count": count, "longest": longest}


async def main() -> None:
    psql("create table notes (body text); insert into notes values ('bread'), ('milk')")
    async with serving(app) as client:
        try:
            answer = await client.get("/notes/statistics")
            print(f"GET /notes/statistics: {answer.json()}")
        except InvalidRequestError as error:
            print(f"GET /notes/statistics: {brief(error)}")


if __name__ == "__main__":
    asyncio.run(main())
