"""Parent and workers share one pool, and the connection in it.

On PostgreSQL the workers get each other's answers, or wait for ever. SQLite does not mind.
"""

import os
from multiprocessing import get_context

from sqlalchemy import create_engine, text

engine = create_engine(os.environ.get("DATABASE_URL", "sqlite:///sales.db"))


def square(number: int) -> int:
    with engine.connect() as connection:
        return connection.execute(text("select :n * :n"), {"n": number}).scalar_one()


def main() -> int:
    with engine.connect() as connection:
        highest = connection.execute(text("select 10")).scalar_one()
    with get_context("fork").Pool(2) as pool:  # LSA502
        return sum(pool.map(square, range(highest)))


if __name__ == "__main__":
    main()
