"""The commit in the middle of the block closes its transaction: the order is stored, its line never is."""

from models import Base, Line, Order
from sqlalchemy import create_engine, func, select
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import sessionmaker
from stage import brief, database_url

engine = create_engine(database_url("pysqlite"))
SessionLocal = sessionmaker(engine)


def place_order(sku: str) -> None:
    with SessionLocal.begin() as session:
        order = Order()
        session.add(order)
        session.commit()  # LSA309
        session.add(Line(order_id=order.id, sku=sku))


def main() -> None:
    Base.metadata.create_all(engine)
    try:
        place_order("B-17")
        outcome = "done"
    except InvalidRequestError as error:
        outcome = brief(error)
    with SessionLocal() as session:
        orders = session.scalar(select(func.count(Order.id)))
        lines = session.scalar(select(func.count(Line.id)))
    print(f"{outcome}; orders stored: {orders}, lines: {lines}")


if __name__ == "__main__":
    main()
