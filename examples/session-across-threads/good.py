"""Each thread opens a session of its own."""

import sys
from concurrent.futures import ThreadPoolExecutor

from database import SessionLocal
from sqlalchemy import text


def store(body: str) -> None:
    with SessionLocal.begin() as session:
        session.execute(text("insert into notes (body) values (:body)"), {"body": body})


def import_notes(bodies: list[str]) -> None:
    with ThreadPoolExecutor(max_workers=8) as pool:
        for body in bodies:
            pool.submit(store, body)


if __name__ == "__main__":
    import_notes(sys.stdin.read().splitlines())
