from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Book


class BookRepository:
    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def get(self, isbn: str) -> Book | None:
        return await self.session.get(Book, isbn)

    async def cheapest(self, number: int) -> Sequence[Book]:
        found = await self.session.scalars(select(Book).order_by(Book.price).limit(number))
        return found.all()

    async def add_new(self, books: Iterable[Book]) -> int:
        """Add the books that the shop does not have yet, and count them."""
        added = 0
        for book in books:
            try:
                async with self.session.begin_nested():
                    self.session.add(book)
            except IntegrityError:
                continue
            added += 1
        await self.session.commit()
        return added

    async def change_price(self, isbn: str, price: int) -> None:
        book = await self.session.get_one(Book, isbn)
        book.price = price
        await self.session.commit()
