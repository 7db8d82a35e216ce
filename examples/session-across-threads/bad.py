"""Eight threads write through one session.

Most of them fail, with "Session is already flushing" or "Method 'rollback()' can't be called here", and
some notes are lost without an error.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

from database import SessionLocal
from sqlalchemy import text
from sqlalchemy.orm import Session


def store(session: Session, body: str) -> None:
    session.execute(text("insert into notes (body) values (:body)"), {"body": body})
    session.commit()


def import_notes(bodies: list[str]) -> None:
    with SessionLocal() as session, ThreadPoolExecutor(max_workers=8) as pool:
        for body in bodies:
            pool.submit(store, session, body)  # LSA401


if __name__ == "__main__":
    import_notes(sys.stdin.read().splitlines())
