"""Only the URL and the number are sent; each task opens what it needs."""

from concurrent.futures import ProcessPoolExecutor

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool


def square(url: str, number: int) -> int:
    with Session(create_engine(url, poolclass=NullPool)) as session:
        return session.execute(text("select :n * :n"), {"n": number}).scalar_one()


def main() -> int:
    with ProcessPoolExecutor(2) as executor:
        results = [executor.submit(square, "sqlite:///numbers.db", n) for n in range(10)]
        return sum(result.result() for result in results)


if __name__ == "__main__":
    main()
