"""Each task opens a session of its own."""

import asyncio

from sqlalchemy import create_engine, text
from sqlalchemy.orm import sessionmaker
from stage import database_url, psql

engine = create_engine(database_url())
Session = sessionmaker(engine)


async def pay(card: str) -> bool:
    await asyncio.sleep(0.2 if card == "gold" else 0.1)  # a bank far away
    return card == "gold"


async def order(customer: str, card: str) -> str:
    with Session() as session:
        session.execute(text("insert into orders values (:customer)"), {"customer": customer})
        if await pay(card):
            session.commit()
            return f"{customer}'s order is accepted"
        session.rollback()
        return f"{customer}'s order is refused"


async def main() -> None:
    psql("create table orders (customer text)")
    outcomes = await asyncio.gather(order("Ann", "gold"), order("Bob", "stolen"))
    stored = psql("select customer from orders")
    print(f"{', '.join(outcomes)}; orders stored: {' '.join(stored) or 'none'}")


if __name__ == "__main__":
    asyncio.run(main())
