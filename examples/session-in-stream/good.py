"""The generator opens the session that it reads from."""

from collections.abc import Iterator

from database import SessionLocal
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from sqlalchemy import text

app = FastAPI()


def lines() -> Iterator[str]:
    with SessionLocal() as session:
        for note in session.execute(text("select id, body from notes")):
            yield f"{note.id},{note.body}\n"


@app.get("/notes.csv")
def export() -> StreamingResponse:
    return StreamingResponse(lines(), media_type="text/csv")
