"""The session of each request keeps its connection until the garbage collector comes by.

With as many requests as the pool has connections, nobody gets an answer any more.
"""

from flask import Flask, abort
from sqlalchemy import create_engine, text
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.orm import sessionmaker
from stage import brief, database_url, psql

app = Flask(__name__)
engine = create_engine(database_url(), pool_size=3, max_overflow=0, pool_timeout=0.5)
SessionLocal = sessionmaker(engine)


@app.get("/notes/<int:number>")
def read_note(number: int) -> str:
    query = text("select body from notes where id = :number")
    session = SessionLocal()  # LSA302
    body = session.scalar(query, {"number": number})
    return body or abort(404)


def main() -> None:
    psql("create table notes (id int, body text); insert into notes values (1, 'bread')")
    app.testing = True
    client = app.test_client()
    for number in range(1, 101):
        try:
            answer = client.get("/notes/1")
        except NoConnectionError as error:
            print(f"request {number}: {brief(error)}")
            return
    print(f"request {number}: {answer.status}, {answer.text}")


if __name__ == "__main__":
    main()
