"""The insert that fails leaves the block at once, and the close is passed over.

Each order that is refused keeps a connection of the pool until the garbage collector comes by.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.orm import Session, sessionmaker
from stage import brief, database_url, psql

app = Flask(__name__)
engine = create_engine(database_url(), pool_size=3, max_overflow=0, pool_timeout=0.5)
SessionLocal = sessionmaker(engine)


@contextmanager
def transaction() -> Iterator[Session]:
    session = SessionLocal()  # LSA312
    yield session
    session.commit()
    session.close()


@app.post("/orders/<int:quantity>")
def place_order(quantity: int) -> tuple[str, int]:
    try:
        with transaction() as session:
            session.execute(text("insert into orders values (:q)"), {"q": quantity})
    except IntegrityError:
        return "", 422
    return "", 201


def main() -> None:
    psql("create table orders (quantity int check (quantity > 0))")
    app.testing = True
    client = app.test_client()
    for number in range(1, 101):
        try:
            answer = client.post("/orders/0")
        except NoConnectionError as error:
            print(f"order {number}: {brief(error)}")
            return
    print(f"order {number}: {answer.status}")


if __name__ == "__main__":
    main()
