"""The workers of a pool forget the connections of the process that made them, and open their own."""

from multiprocessing import get_context

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from stage import brief, database_url, psql

engine = create_engine(database_url())


def prepare() -> None:
    engine.dispose(close=False)


def count_words(number: int) -> int:
    with engine.connect() as connection:
        query = text("select body from notes where id = :id")
        return len(connection.scalar(query, {"id": number}).split())


def main() -> None:
    psql("create table notes (id int, body text)")
    psql("insert into notes values (1, 'bread and milk'), (2, 'tea')")
    with engine.connect() as connection:
        numbers = connection.scalars(text("select id from notes")).all()
    with get_context("fork").Pool(2, initializer=prepare) as pool:
        words = sum(pool.map(count_words, numbers))
    try:
        with engine.begin() as connection:
            connection.execute(text("create table statistics as select :n as words"), {"n": words})
        outcome = "stored"
    except OperationalError as error:
        outcome = brief(error)
    print(f"{words} words counted, then: {outcome}")


if __name__ == "__main__":
    main()
