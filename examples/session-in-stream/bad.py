"""The generator runs when the handler has returned, and its session is closed.

The session begins again, silently, on a connection that nobody gives back.
"""

import asyncio
from collections.abc import Iterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from sqlalchemy import create_engine, text
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.orm import Session, sessionmaker
from stage import brief, database_url, psql, serving

engine = create_engine(database_url(), pool_size=3, max_overflow=0, pool_timeout=0.5)
SessionLocal = sessionmaker(engine)
app = FastAPI()


def lines(session: Session) -> Iterator[str]:
    for number, body in session.execute(text("select id, body from notes")):
        yield f"{number},{body}\n"


@app.get("/notes.csv")
def export() -> StreamingResponse:
    with SessionLocal() as session:
        return StreamingResponse(lines(session), media_type="text/csv")  # LSA408


async def main() -> None:
    psql("create table notes (id int, body text); insert into notes values (1, 'bread')")
    async with serving(app) as client:
        for number in range(1, 101):
            try:
                answer = await client.get("/notes.csv")
            except NoConnectionError as error:
                print(f"download {number}: {brief(error)}")
                return
    print(f"download {number}: {answer.text.strip()}")


if __name__ == "__main__":
    asyncio.run(main())
