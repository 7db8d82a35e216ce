"""Mail to customers, sent when they have their answer already."""

import logging

from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Customer, Order

logger = logging.getLogger(__name__)


async def confirm(session: AsyncSession, order_id: int) -> None:
    order = await session.get_one(Order, order_id)
    customer = await session.get_one(Customer, order.customer_id)
    logger.info("to %s: your order %d is on its way", customer.name, order_id)
