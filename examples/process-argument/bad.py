"""A session is sent to a pool, which pickles what it gets.

It fails with TypeError: cannot pickle 'weakref.ReferenceType' object.
"""

from concurrent.futures import ProcessPoolExecutor

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

engine = create_engine("sqlite:///numbers.db")


def square(session: Session, number: int) -> int:
    return session.execute(text("select :n * :n"), {"n": number}).scalar_one()


def main() -> int:
    with Session(engine) as session, ProcessPoolExecutor(2) as executor:
        results = [executor.submit(square, session, number) for number in range(10)]  # LSA503
        return sum(result.result() for result in results)


if __name__ == "__main__":
    main()
