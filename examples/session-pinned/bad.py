"""The request's session stays open until the slow task has ended, and so does its connection.

Fifteen of these at once, and every other request waits: "QueuePool limit of size 5 overflow 10 reached".
"""

import logging
import time
from typing import Annotated

from database import get_db
from fastapi import BackgroundTasks, Depends, FastAPI
from sqlalchemy import text
from sqlalchemy.orm import Session

app = FastAPI()


def translate(session: Session, note_id: int) -> None:
    body = session.scalar(text("select body from notes where id = :id"), {"id": note_id})
    time.sleep(30)  # a service far away
    logging.getLogger(__name__).info("translated %s", body)


@app.post("/notes/{note_id}/translation")
def translate_later(
    note_id: int, tasks: BackgroundTasks, session: Annotated[Session, Depends(get_db)]
) -> None:
    tasks.add_task(translate, session, note_id)  # LSA407
