"""Loans, with a pool of their own for the database of the library."""

from database import URL, Library
from sqlalchemy import create_engine, text
from sqlalchemy.orm import sessionmaker

loans_engine = create_engine(  # LSA104
    URL,
    pool_size=3,
    max_overflow=0,
)
Loans = sessionmaker(loans_engine)


def lend(book: int, reader: int) -> None:
    with Library() as library, Loans.begin() as loans:
        title = library.scalar(text("select title from book where id = :b"), {"b": book})
        loans.execute(
            text("insert into loan (title, reader) values (:t, :r)"),
            {"t": title, "r": reader},
        )
