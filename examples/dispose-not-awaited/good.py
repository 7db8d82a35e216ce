"""The exit stack awaits what disposes the engine."""

import asyncio
from contextlib import AsyncExitStack

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from stage import backends, database_url


async def check(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(text("select 1"))


async def main() -> None:
    async with AsyncExitStack() as stack:
        engine = create_async_engine(database_url("asyncpg"))
        stack.push_async_callback(engine.dispose)
        await asyncio.gather(check(engine), check(engine), check(engine))
    print(f"the exit stack has disposed the engine, {backends()} connections are open")


if __name__ == "__main__":
    asyncio.run(main())
