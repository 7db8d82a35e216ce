"""A WSGI application that reads what hardly ever changes when it is imported."""

import os
from collections.abc import Callable, Iterable

from sqlalchemy import create_engine, text

engine = create_engine(os.environ.get("DATABASE_URL", "sqlite:///shop.db"))

with engine.connect() as connection:
    CURRENCIES = connection.execute(text("select 'EUR' union select 'CHF'")).scalars().all()


def app(environ: dict[str, object], start_response: Callable[..., object]) -> Iterable[bytes]:
    del environ
    with engine.connect() as connection:
        number = connection.execute(text("select 6 * 7")).scalar_one()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{number} {', '.join(CURRENCIES)}\n".encode()]
