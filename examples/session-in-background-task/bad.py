"""The task runs when the handler's session is closed.

The session begins again, silently, on a connection that nobody gives back: after a few requests the pool is empty.
"""

from database import SessionLocal
from fastapi import BackgroundTasks, FastAPI
from sqlalchemy import text
from sqlalchemy.orm import Session

app = FastAPI()


def index(session: Session, note_id: int) -> None:
    session.execute(text("update notes set indexed = true where id = :id"), {"id": note_id})


@app.post("/notes/{note_id}/index")
def index_later(note_id: int, tasks: BackgroundTasks) -> dict[str, bool]:
    with SessionLocal() as session:
        found = session.scalar(text("select true from notes where id = :id"), {"id": note_id})
        if found:
            tasks.add_task(index, session, note_id)  # LSA403
    return {"found": bool(found)}
