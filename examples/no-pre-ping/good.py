"""The pool looks whether a connection still lives before it hands it out."""

import asyncio

from database import URL, restart
from fastapi import FastAPI
from sqlalchemy import create_engine, text
from stage import serving

engine = create_engine(URL, pool_size=5, pool_pre_ping=True)
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
        answer = (await client.get("/price/tea")).text
    print(f"the server was restarted, GET /price/tea: {answer}")


if __name__ == "__main__":
    asyncio.run(main())
