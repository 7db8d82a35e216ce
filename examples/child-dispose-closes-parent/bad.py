"""The workers of a pool close the connections of the process that made them.

On PostgreSQL the parent's next statement fails: server closed the connection unexpectedly.
"""

import os
from multiprocessing import get_context

from sqlalchemy import create_engine, text

engine = create_engine(os.environ.get("DATABASE_URL", "sqlite:///sales.db"))


def prepare() -> None:
    engine.dispose()  # LSA504


def square(number: int) -> int:
    with engine.connect() as connection:
        return connection.execute(text("select :n * :n"), {"n": number}).scalar_one()


def main() -> list[str]:
    with engine.connect() as connection:
        highest = connection.execute(text("select 10")).scalar_one()
    with get_context("fork").Pool(2, initializer=prepare) as pool:
        squares = pool.map(square, range(highest))
    with engine.connect() as connection:
        label = connection.execute(text("select 'square '")).scalar_one()
    return [f"{label}{number}" for number in squares]


if __name__ == "__main__":
    main()
