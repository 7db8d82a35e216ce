"""The lifespan is an async context manager, as the app wants it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from sqlalchemy import create_engine, text
from stage import database_url, serving


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.engine = create_engine(database_url("pysqlite"))
    try:
        yield
    finally:
        app.state.engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.get("/tables/count")
def count_tables(request: Request) -> int:
    with request.app.state.engine.connect() as connection:
        return connection.scalar(text("select count(*) from sqlite_schema")) or 0


async def main() -> None:
    async with serving(app) as client:
        answer = (await client.get("/tables/count")).text
        print(f"the app has started, GET /tables/count: {answer}")


if __name__ == "__main__":
    asyncio.run(main())
