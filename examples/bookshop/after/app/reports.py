"""Figures for the office, by the synchronous code that the spreadsheets use as well."""

from sqlalchemy import create_engine, extract, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import sessionmaker

from app import settings
from app.models import Book, Order

engine = create_engine(settings.REPORTS_URL, pool_size=settings.POOL_SIZE)
ReportSession = sessionmaker(engine)

BESTSELLERS = (
    select(Book.title)
    .join(Order, Order.isbn == Book.isbn)
    .group_by(Book.isbn)
    .order_by(func.sum(Order.copies).desc())
    .limit(10)
)


def months_with_sales() -> list[int]:
    month = extract("month", Order.placed)
    with ReportSession() as session:
        return [int(found) for found in session.scalars(select(month).distinct().order_by(month))]


def sales_of(month: int) -> int:
    sold = select(func.coalesce(func.sum(Order.copies), 0))
    with ReportSession() as session:
        return session.scalars(sold.where(extract("month", Order.placed) == month)).one()


async def bestsellers(connection: AsyncConnection) -> list[str]:
    return list(await connection.scalars(BESTSELLERS))
