"""The lifespan is a sync context manager, which cannot be entered as an app enters it: the app does not start."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI, Request
from sqlalchemy import create_engine, text
from stage import brief, database_url, serving


@contextmanager
def lifespan(app: FastAPI) -> Iterator[None]:
    app.state.engine = create_engine(database_url("pysqlite"))
    try:
        yield
    finally:
        app.state.engine.dispose()


app = FastAPI(lifespan=lifespan)  # LSA206


@app.get("/tables/count")
def count_tables(request: Request) -> int:
    with request.app.state.engine.connect() as connection:
        return connection.scalar(text("select count(*) from sqlite_schema")) or 0


async def main() -> None:
    try:
        async with serving(app) as client:
            answer = (await client.get("/tables/count")).text
            print(f"the app has started, GET /tables/count: {answer}")
    except TypeError as error:
        print(f"the app does not start: {brief(error)}")


if __name__ == "__main__":
    asyncio.run(main())
