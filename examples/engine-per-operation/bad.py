"""Each job makes an engine, and leaves its connection open when it is done.

The jobs succeed, until the server has no connection left for anybody.
"""

import asyncio

from database import build_engine, create_tables
from fastapi import BackgroundTasks, FastAPI
from sqlalchemy import text
from stage import backends, psql, serving

app = FastAPI()


def write_invoice(customer: str) -> None:
    engine = build_engine()  # LSA102
    with engine.begin() as connection:
        connection.execute(text("insert into invoices values (:c)"), {"c": customer})


@app.post("/orders/{customer}", status_code=202)
async def order(customer: str, tasks: BackgroundTasks) -> None:
    tasks.add_task(write_invoice, customer)


async def main() -> None:
    create_tables()
    async with serving(app) as client:
        for number in range(20):
            await client.post(f"/orders/{number}")
    [used] = psql("select count(distinct backend) from invoices")
    print(f"20 jobs opened {used} connections, {backends()} of them still open at the end")


if __name__ == "__main__":
    asyncio.run(main())
