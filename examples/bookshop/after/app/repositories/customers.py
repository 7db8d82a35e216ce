from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Customer


class CustomerRepository:
    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def get(self, customer_id: int) -> Customer | None:
        return await self.session.get(Customer, customer_id)

    async def add(self, name: str) -> Customer:
        customer = Customer(name=name)
        self.session.add(customer)
        await self.session.flush()
        await self.session.refresh(customer)
        return customer
