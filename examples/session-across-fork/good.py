"""Nothing is open when the child starts; parent and child have a session each."""

from multiprocessing import get_context

from models import Base, Job
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session
from stage import database_url, psql

engine = create_engine(database_url())


def work() -> None:
    with Session(engine) as session:
        for job in session.scalars(select(Job).where(Job.done.is_(False))):
            job.done = True
        session.commit()


def main() -> None:
    Base.metadata.create_all(engine)
    engine.dispose()
    worker = get_context("fork").Process(target=work)
    worker.start()
    with Session(engine) as session:
        session.add_all([Job(), Job()])
        session.flush()
        worker.join()
        session.rollback()
    stored = psql("select count(*) from jobs")[0]
    print(f"the parent has rolled back its 2 jobs, the database holds {stored}")


if __name__ == "__main__":
    main()
