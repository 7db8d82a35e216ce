"""Flask removes the session at the end of each request, however it ends."""

from flask import Flask, abort, request
from sqlalchemy import create_engine, text
from sqlalchemy.orm import scoped_session, sessionmaker
from stage import database_url, psql

app = Flask(__name__)
engine = create_engine(database_url())
db_session = scoped_session(sessionmaker(engine))


@app.teardown_appcontext
def remove_session(error: BaseException | None = None) -> None:
    db_session.remove()


@app.post("/orders")
def order():
    db_session.execute(text("insert into orders values (:c)"), {"c": request.form["customer"]})
    if "item" not in request.form:
        abort(400)
    db_session.execute(text("insert into items values (:i)"), {"i": request.form["item"]})
    db_session.commit()
    return "", 201


def main() -> None:
    psql("create table orders (customer text); create table items (item text)")
    client = app.test_client()
    ann = client.post("/orders", data={"customer": "Ann"}).status_code
    bob = client.post("/orders", data={"customer": "Bob", "item": "tea"}).status_code
    stored = " and ".join(psql("select customer from orders"))
    print(f"Ann's order: {ann}, Bob's order: {bob}; stored: {stored}")


if __name__ == "__main__":
    main()
