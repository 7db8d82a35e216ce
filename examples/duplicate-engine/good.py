"""Loans, through the one engine of the library."""

from database import Library
from sqlalchemy import text


def lend(book: int, reader: int) -> None:
    with Library.begin() as session:
        title = session.scalar(text("select title from book where id = :b"), {"b": book})
        session.execute(
            text("insert into loan (title, reader) values (:t, :r)"),
            {"t": title, "r": reader},
        )
