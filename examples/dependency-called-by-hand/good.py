"""As a context manager the dependency runs to its end."""

from collections.abc import Iterator
from contextlib import contextmanager

from celery import Celery
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker
from stage import database_url, psql

celery = Celery("notes", broker="memory://")
engine = create_engine(database_url())
SessionLocal = sessionmaker(engine)


def get_db() -> Iterator[Session]:
    with SessionLocal() as session:
        yield session
        session.commit()


@celery.task
def store_note(body: str) -> str:
    with contextmanager(get_db)() as session:
        session.execute(text("insert into notes values (:body)"), {"body": body})
    return "stored"


def main() -> None:
    psql("create table notes (body text)")
    results = [store_note.apply([body]).get() for body in ("bread", "milk", "tea")]
    rows = psql("select count(*) from notes")[0]
    print(f"the tasks say {', '.join(results)}; rows in the table: {rows}")


if __name__ == "__main__":
    main()
