"""The parent is done with its session and its connections before the child starts."""

import os
from multiprocessing import get_context

from models import Base, Job
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

engine = create_engine(os.environ.get("DATABASE_URL", "sqlite:///jobs.db"))


def work() -> None:
    with Session(engine) as session:
        for job in session.scalars(select(Job).where(Job.done.is_(False))):
            job.done = True
        session.commit()


def main() -> None:
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([Job(), Job()])
        session.commit()
    engine.dispose()
    worker = get_context("fork").Process(target=work)
    worker.start()
    worker.join()


if __name__ == "__main__":
    main()
