"""As a context manager the dependency runs to its end."""

from collections.abc import Iterator
from contextlib import contextmanager

from celery import shared_task
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine("sqlite:///notes.db")
SessionLocal = sessionmaker(engine)


def get_db() -> Iterator[Session]:
    with SessionLocal() as session:
        yield session


session_scope = contextmanager(get_db)


@shared_task
def purge_notes() -> None:
    with session_scope() as session:
        session.execute(text("delete from notes where archived"))
        session.commit()
