"""A process is sent the number of a note, and opens the session that it reads it with."""

from concurrent.futures import ProcessPoolExecutor

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
from stage import brief, database_url, psql

engine = create_engine(database_url())


def count_words(number: int) -> int:
    query = text("select body from notes where id = :id")
    with Session(engine) as session:
        return len(session.scalar(query, {"id": number}).split())


def main() -> None:
    psql("create table notes (id int, body text)")
    psql("insert into notes values (1, 'bread and milk'), (2, 'tea')")
    with ProcessPoolExecutor(2) as executor:
        counts = [executor.submit(count_words, number) for number in (1, 2)]
    try:
        outcome = sum(count.result() for count in counts)
    except (TypeError, AttributeError) as error:
        outcome = brief(error)
    print(f"words in the notes: {outcome}")


if __name__ == "__main__":
    main()
