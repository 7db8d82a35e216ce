"""The pool hands out connections that the server closed when it was restarted.

The first customers after a restart, a failover or a firewall's time-out see an error.
"""

import asyncio

from database import URL, restart
from fastapi import FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from stage import brief, serving

engine = create_engine(URL, pool_size=5)  # LSA108
app = FastAPI()


@app.get("/price/{name}")
def read_price(name: str) -> int:
    with engine.connect() as connection:
        statement = text("select price from items where name = :name")
        return connection.scalar(statement, {"name": name}) or 0


async def main() -> None:
    async with serving(app) as client:
        await client.get("/price/tea")
        restart()
        try:
            answer = (await client.get("/price/tea")).text
        except OperationalError as error:
            answer = brief(error)
    print(f"the server was restarted, GET /price/tea: {answer}")


if __name__ == "__main__":
    asyncio.run(main())
