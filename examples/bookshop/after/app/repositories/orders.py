from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Order


class OrderRepository:
    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def latest(self, customer_id: int) -> Sequence[Order]:
        theirs = select(Order).where(Order.customer_id == customer_id)
        found = await self.session.scalars(theirs.order_by(Order.placed.desc()).limit(10))
        return found.all()

    async def place(self, customer_id: int, isbn: str, copies: int) -> int:
        order = Order(customer_id=customer_id, isbn=isbn, copies=copies)
        self.session.add(order)
        await self.session.flush()
        placed = order.id
        await self.session.commit()
        return placed

    async def cancel(self, order_id: int) -> None:
        order = await self.session.get_one(Order, order_id)
        await self.session.delete(order)
        await self.session.commit()
