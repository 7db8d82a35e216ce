"""A shop that reads its prices when it is imported, for they hardly ever change."""

import time

from flask import Flask
from sqlalchemy import create_engine, text
from stage import database_url

app = Flask(__name__)
engine = create_engine(database_url())

with engine.connect() as connection:
    PRICES = dict(connection.execute(text("select name, price from goods")).tuples().all())


@app.post("/orders/<name>")
def order(name: str) -> tuple[str, int]:
    with engine.begin() as connection:
        connection.execute(text("insert into orders values (:price)"), {"price": PRICES[name]})
        time.sleep(2)  # the payment
    return "thank you", 201


@app.get("/orders")
def count_orders() -> str:
    with engine.connect() as connection:
        return str(connection.scalar(text("select count(*) from orders")))
