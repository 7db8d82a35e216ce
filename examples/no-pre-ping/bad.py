"""A shop whose first customer after each restart of the database sees an error."""

from sqlalchemy import create_engine, text
from sqlalchemy.orm import sessionmaker

engine = create_engine(  # LSA108
    "postgresql+psycopg://shop@db/shop",
    pool_size=10,
    max_overflow=5,
)
Shop = sessionmaker(engine)


def price(sku: str) -> int | None:
    with Shop() as session:
        return session.scalar(text("select price from item where sku = :s"), {"s": sku})


def sell(sku: str) -> None:
    with Shop.begin() as session:
        session.execute(text("update item set stock = stock - 1 where sku = :s"), {"s": sku})
