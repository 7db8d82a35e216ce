"""Parent and child share a session, and with it one transaction on one socket.

The child commits what the parent is about to roll back.
"""

from multiprocessing import get_context

from models import Base, Job
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session
from stage import database_url, psql

engine = create_engine(database_url())
session = Session(engine)


def work() -> None:
    for job in session.scalars(select(Job).where(Job.done.is_(False))):
        job.done = True
    session.commit()


def main() -> None:
    Base.metadata.create_all(engine)
    session.add_all([Job(), Job()])
    session.flush()
    worker = get_context("fork").Process(target=work)  # LSA501
    worker.start()
    worker.join()
    session.rollback()
    stored = psql("select count(*) from jobs")[0]
    print(f"the parent has rolled back its 2 jobs, the database holds {stored}")


if __name__ == "__main__":
    main()
