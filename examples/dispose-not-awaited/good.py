"""Both disposals are awaited: one here, one by the exit stack."""

import asyncio
import logging
from contextlib import AsyncExitStack

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

logger = logging.getLogger(__name__)
notes = create_async_engine("sqlite+aiosqlite:///notes.db")


async def copy_to(backup: AsyncEngine) -> None:
    async with notes.connect() as source, backup.begin() as target:
        for (body,) in await source.execute(text("select body from notes")):
            await target.execute(text("insert into notes values (:body)"), {"body": body})


async def main() -> None:
    async with AsyncExitStack() as stack:
        backup = create_async_engine("sqlite+aiosqlite:///backup.db")
        stack.push_async_callback(backup.dispose)
        await copy_to(backup)
    await notes.dispose()
    logger.info(notes.pool.status())


if __name__ == "__main__":
    asyncio.run(main())
