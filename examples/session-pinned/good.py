"""The task opens a session for as long as it needs one."""

import logging
import time

from database import SessionLocal
from fastapi import BackgroundTasks, FastAPI
from sqlalchemy import text

app = FastAPI()


def translate(note_id: int) -> None:
    with SessionLocal() as session:
        body = session.scalar(text("select body from notes where id = :id"), {"id": note_id})
    time.sleep(30)  # a service far away
    logging.getLogger(__name__).info("translated %s", body)


@app.post("/notes/{note_id}/translation")
def translate_later(note_id: int, tasks: BackgroundTasks) -> None:
    tasks.add_task(translate, note_id)
