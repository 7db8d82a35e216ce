"""Parent and child share a session, and with it one transaction on one socket.

On PostgreSQL the child commits what the parent is about to roll back. SQLite only says: database is
locked.
"""

import os
from multiprocessing import get_context

from models import Base, Job
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

engine = create_engine(os.environ.get("DATABASE_URL", "sqlite:///jobs.db"))
session = Session(engine)


def work() -> None:
    for job in session.scalars(select(Job).where(Job.done.is_(False))):
        job.done = True
    session.commit()


def main() -> None:
    Base.metadata.create_all(engine)
    session.add_all([Job(), Job()])
    session.flush()
    worker = get_context("fork").Process(target=work)
    worker.start()
    worker.join()
    session.rollback()


if __name__ == "__main__":
    main()
