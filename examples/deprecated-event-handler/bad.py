"""Start-up and shutdown are events, which FastAPI deprecated and Starlette 1.0 removed.

After an update of both the app does not start.
"""

import asyncio

from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from stage import brief, database_url, serving

engine = create_async_engine(database_url("aiosqlite"))


async def create_tables() -> None:
    async with engine.begin() as connection:
        await connection.execute(text("create table notes (body text)"))


async def count_notes() -> int:
    async with engine.connect() as connection:
        return await connection.scalar(text("select count(*) from notes")) or 0


def create_app() -> FastAPI:
    app = FastAPI()
    app.add_event_handler("startup", create_tables)  # LSA201
    app.add_event_handler("shutdown", engine.dispose)  # LSA201
    app.add_api_route("/notes/count", count_notes)
    return app


async def main() -> None:
    try:
        async with serving(create_app()) as client:
            print(
                f"the app has started, GET /notes/count: {(await client.get('/notes/count')).text}"
            )
    except AttributeError as error:
        print(f"the app does not start: {brief(error)}")


if __name__ == "__main__":
    asyncio.run(main())
