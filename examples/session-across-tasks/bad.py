"""Two tasks use one session, which is one connection, at the same time.

It works until the tasks meet: This session is provisioning a new connection; concurrent operations
are not permitted.
"""

import asyncio
from typing import Annotated

from database import get_db, lifespan
from fastapi import Depends, FastAPI
from repository import NoteRepository
from sqlalchemy.ext.asyncio import AsyncSession

app = FastAPI(lifespan=lifespan)


@app.get("/notes/statistics")
async def read_statistics(db: Annotated[AsyncSession, Depends(get_db)]) -> dict[str, int]:
    notes = NoteRepository(db)
    count, longest = await asyncio.gather(notes.count(), notes.longest())
    return {"count": count, "longest": longest}
