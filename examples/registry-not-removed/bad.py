"""A request that fails half-way leaves its rows in the thread's session, and the next request commits them."""

from flask import Flask, abort, request
from sqlalchemy import create_engine, text
from sqlalchemy.orm import scoped_session, sessionmaker

app = Flask(__name__)
engine = create_engine("postgresql+psycopg://localhost/shop")
db_session = scoped_session(sessionmaker(engine))


@app.post("/orders")
def order():
    db_session.execute(text("insert into orders default values"))
    if "item" not in request.form:
        abort(400)
    db_session.execute(text("insert into items values (:i)"), {"i": request.form["item"]})
    db_session.commit()
    return "", 201
