"""What the handlers ask for."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import SessionLocal
from app.repositories import BookRepository, CustomerRepository, OrderRepository


async def get_session() -> AsyncIterator[AsyncSession]:
    async with SessionLocal() as session:
        yield session


DbSession = Annotated[AsyncSession, Depends(get_session)]


def get_books(session: DbSession) -> BookRepository:
    return BookRepository(session)


def get_customers(session: DbSession) -> CustomerRepository:
    return CustomerRepository(session)


def get_orders(session: DbSession) -> OrderRepository:
    return OrderRepository(session)


Books = Annotated[BookRepository, Depends(get_books)]
Customers = Annotated[CustomerRepository, Depends(get_customers)]
Orders = Annotated[OrderRepository, Depends(get_orders)]
