"""Two tasks use one session, which is one connection, at the same time.

The request fails, with one of several errors: "concurrent operations are not permitted", or "Method
'close()' can't be called here; method '_connection_for_bind()' is already in progress".
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
