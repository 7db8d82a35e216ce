"""The task opens a session of its own, and gets the order by its number."""

import asyncio

from fastapi import BackgroundTasks, FastAPI
from models import Base, Order
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker
from stage import database_url, psql, serving

engine = create_engine(database_url())
SessionLocal = sessionmaker(engine)
app = FastAPI()


def send_receipt(number: int) -> None:
    with SessionLocal() as session:
        order = session.get_one(Order, number)
        order.receipt = f"{order.price} euro paid"
        session.commit()


@app.post("/orders/{number}/receipt", status_code=202)
def order_receipt(number: int, tasks: BackgroundTasks) -> str:
    with SessionLocal() as session:
        order = session.get_one(Order, number)
        tasks.add_task(send_receipt, order.id)
    return "it is on its way"


async def main() -> None:
    Base.metadata.create_all(engine)
    psql("insert into orders values (1, 20, 'none')")
    async with serving(app) as client:
        answer = await client.post("/orders/1/receipt")
    stored = psql("select receipt from orders")[0]
    print(f"the answer is {answer.text}, the receipt that is stored: {stored}")


if __name__ == "__main__":
    asyncio.run(main())
