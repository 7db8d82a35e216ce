"""The jobs share the engine that the app makes when it starts, and disposes when it stops."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from database import build_engine, create_tables
from fastapi import BackgroundTasks, FastAPI, Request
from sqlalchemy import Engine, text
from stage import backends, psql, serving


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    engine = build_engine()
    app.state.engine = engine
    try:
        yield
    finally:
        engine.dispose()


app = FastAPI(lifespan=lifespan)


def write_invoice(engine: Engine, customer: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("insert into invoices values (:c)"), {"c": customer})


@app.post("/orders/{customer}", status_code=202)
async def order(customer: str, tasks: BackgroundTasks, request: Request) -> None:
    tasks.add_task(write_invoice, request.app.state.engine, customer)


async def main() -> None:
    create_tables()
    async with serving(app) as client:
        for number in range(20):
            await client.post(f"/orders/{number}")
    [used] = psql("select count(distinct backend) from invoices")
    print(f"20 jobs opened {used} connection, {backends()} of them still open at the end")


if __name__ == "__main__":
    asyncio.run(main())
