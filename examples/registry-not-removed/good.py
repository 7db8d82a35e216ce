"""Flask removes the session at the end of each request, however it ends."""

from flask import Flask, abort, request
from sqlalchemy import create_engine, text
from sqlalchemy.orm import scoped_session, sessionmaker

app = Flask(__name__)
engine = create_engine("postgresql+psycopg://localhost/shop")
db_session = scoped_session(sessionmaker(engine))


@app.teardown_appcontext
def remove_session(error: BaseException | None = None) -> None:
    db_session.remove()


@app.post("/orders")
def order():
    db_session.execute(text("insert into orders default values"))
    if "item" not in request.form:
        abort(400)
    db_session.execute(text("insert into items values (:i)"), {"i": request.form["item"]})
    db_session.commit()
    return "", 201
