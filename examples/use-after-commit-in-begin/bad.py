"""The order is stored, its line is not: the second half of the block raises.

InvalidRequestError: Can't operate on closed transaction inside context manager.
"""

from sqlalchemy import ForeignKey, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

engine = create_engine("sqlite:///orders.db")
maker = sessionmaker(engine)


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "order"

    id: Mapped[int] = mapped_column(primary_key=True)


class Line(Base):
    __tablename__ = "line"

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("order.id"))
    sku: Mapped[str]


def place_order(sku: str) -> None:
    with maker.begin() as session:
        order = Order()
        session.add(order)
        session.commit()  # LSA309
        session.add(Line(order_id=order.id, sku=sku))


if __name__ == "__main__":
    Base.metadata.create_all(engine)
    place_order("B-17")
