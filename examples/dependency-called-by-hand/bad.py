"""`next()` takes the session out of the dependency, and the generator dies at once.

The session is closed before the first query, begins anew, and nobody closes it again.
"""

from collections.abc import Iterator

from celery import shared_task
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine("sqlite:///notes.db")
SessionLocal = sessionmaker(engine)


def get_db() -> Iterator[Session]:
    with SessionLocal() as session:
        yield session


@shared_task
def purge_notes() -> None:
    session = next(get_db())  # LSA313
    session.execute(text("delete from notes where archived"))
    session.commit()
