"""The task opens a session of its own, from the note's id."""

from database import SessionLocal
from fastapi import BackgroundTasks, FastAPI
from sqlalchemy import text

app = FastAPI()


def index(note_id: int) -> None:
    with SessionLocal.begin() as session:
        session.execute(text("update notes set indexed = true where id = :id"), {"id": note_id})


@app.post("/notes/{note_id}/index")
def index_later(note_id: int, tasks: BackgroundTasks) -> dict[str, bool]:
    with SessionLocal() as session:
        found = session.scalar(text("select true from notes where id = :id"), {"id": note_id})
    if found:
        tasks.add_task(index, note_id)
    return {"found": bool(found)}
