"""Each thread opens a session of its own."""

from concurrent.futures import ThreadPoolExecutor

from models import Base, Note
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import sessionmaker
from stage import brief, database_url

engine = create_engine(database_url())
SessionLocal = sessionmaker(engine)


def store(body: str) -> None:
    with SessionLocal() as session:
        session.add(Note(body=body))
        session.commit()


def import_notes(bodies: list[str]) -> list[BaseException]:
    with ThreadPoolExecutor(max_workers=8) as pool:
        imports = [pool.submit(store, body) for body in bodies]
    return [error for done in imports if (error := done.exception())]


def main() -> None:
    Base.metadata.create_all(engine)
    errors = import_notes([f"note {number}" for number in range(100)])
    with SessionLocal() as session:
        stored = session.scalar(select(func.count(Note.id)))
    print(f"notes stored: {stored} of 100, first error: {brief(errors[0]) if errors else None}")


if __name__ == "__main__":
    main()
