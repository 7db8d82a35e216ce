"""Queries about notes, all on one session."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


class NoteRepository:
    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def count(self) -> int:
        return await self.session.scalar(text("select count(*) from notes")) or 0

    async def longest(self) -> int:
        return await self.session.scalar(text("select max(length(body)) from notes")) or 0
