"""The stock of the warehouse, which has a database of its own."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine


class Warehouse:
    def __init__(self) -> None:
        self._engine: AsyncEngine | None = None

    async def connect(self, url: str) -> None:
        self._engine = create_async_engine(url, pool_size=2)

    async def close(self) -> None:
        if self._engine is not None:
            await self._engine.dispose()

    async def copies_of(self, isbn: str) -> int:
        if self._engine is None:
            raise RuntimeError("the warehouse is not connected")
        async with self._engine.connect() as connection:
            found = text("select copies from stock where isbn = :isbn")
            return await connection.scalar(found, {"isbn": isbn}) or 0


warehouse = Warehouse()
