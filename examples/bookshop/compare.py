"""Serve the bookshops under the same load and show what comes of it: `python examples/bookshop/compare.py`."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from httpx import AsyncClient, Response
from sqlalchemy import create_engine, insert
from stage import SERVER, backends, brief, database_url, psql, server, serving

HERE = Path(__file__).parent
REQUESTS = 300  # all at the same time, on a pool of five
ORDERS = REQUESTS // 10  # each is cancelled by a request


def main() -> int:
    """Show both versions, each in a process of its own, which is given its name."""
    if versions := sys.argv[1:]:
        show(*versions)
        return 0
    with server() as url, ThreadPoolExecutor(2) as pool:
        os.environ[SERVER] = url
        status = 0
        for done in pool.map(run, ("before", "after")):
            print(done.stdout if done.returncode == 0 else done.stderr, end="", flush=True)
            status |= done.returncode
    return status


def run(version: str) -> subprocess.CompletedProcess[str]:
    """Show a version in a process of its own; what libraries log on the way is kept from the terminal."""
    return subprocess.run(
        [sys.executable, __file__, version], capture_output=True, encoding="utf-8", check=False
    )


def show(version: str) -> None:
    """Serve this version, let its worker do what is left to do, and print a line of what went wrong."""
    sys.path.insert(0, str(HERE / version))
    open_shop()
    answers = asyncio.run(load())
    done = work(queued(answers))
    kept = psql(f"select count(*) from orders where id <= {ORDERS}")[0]
    print(
        f"{version}: {failed(answers)} of {REQUESTS} requests failed{most(answers)}",
        f"{failed(done)} of {len(done)} tasks failed",
        f"{kept} of {ORDERS} cancelled orders are still there",
        f"{backends()} backends are left open",
        sep=", ",
    )


def open_shop() -> None:
    """Set the shop up, with some books, a customer and orders."""
    os.environ["DATABASE_URL"] = os.environ["WAREHOUSE_URL"] = database_url("asyncpg")
    os.environ["REPORTS_URL"] = database_url()
    os.environ |= {"BROKER_URL": "memory://", "RESULTS_URL": "cache+memory://"}

    from app.models import Base, Book, Customer, Order

    books = [{"isbn": str(number), "title": "Emma", "price": number} for number in range(10)]
    orders = [{"customer_id": 1, "isbn": "1", "copies": 1}] * ORDERS
    engine = create_engine(database_url())
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(insert(Book), books)
        connection.execute(insert(Customer).values(name="Jane"))
        connection.execute(insert(Order), orders)
    engine.dispose()
    psql("create table stock (isbn text, copies int); insert into stock values ('1', 100)")


async def load() -> list[Response | BaseException]:
    """Serve the app and send it all requests at the same time."""
    from app.main import app

    async with serving(app) as client:
        return await asyncio.gather(
            *(ask(client, number) for number in range(REQUESTS)), return_exceptions=True
        )


async def ask(client: AsyncClient, number: int) -> Response:
    """Send the request of this number."""
    books = [
        {"isbn": "1", "title": "Emma", "price": 1},
        {"isbn": f"new-{number}", "title": "Persuasion", "price": number},
    ]
    requests: list[tuple[str, str, Any]] = [
        ("GET", "/books", None),
        ("GET", f"/books/{number % 9}", None),
        ("POST", "/books/import", books),
        ("PUT", f"/books/{number % 9}/price?price={number}", None),
        ("POST", "/customers", {"name": f"Jane {number}"}),
        ("GET", "/customers/1", None),
        ("POST", "/orders", {"customer_id": 1, "isbn": "2"}),
        ("DELETE", f"/orders/{number // 10 + 1}", None),
        ("GET", "/reports/sales/1", None),
        ("GET", "/reports/bestsellers", None),
    ]
    method, path, body = requests[number % len(requests)]
    answer = await client.request(method, path, json=body)
    return answer.raise_for_status()


def work(tasks: list[str]) -> list[Any]:
    """Let a worker do these tasks; what came of them."""
    from celery.contrib.testing.worker import start_worker

    from app.worker import celery

    with start_worker(celery, pool="solo", perform_ping_check=False, loglevel="CRITICAL"):
        results = [celery.AsyncResult(task) for task in tasks]
        return [result.get(propagate=False, interval=0.01, timeout=60) for result in results]


def queued(answers: Sequence[Response | BaseException]) -> list[str]:
    """Name the tasks that the app has queued."""
    accepted = [a for a in answers if isinstance(a, Response) and a.status_code == 202]
    return [answer.json()["task"] for answer in accepted]


def failed(results: Sequence[Any]) -> int:
    """Count the failures."""
    return sum(isinstance(result, BaseException) for result in results)


def most(results: Sequence[Any]) -> str:
    """Name the most common failure, if there is one."""
    kinds = Counter(brief(result) for result in results if isinstance(result, BaseException))
    return "".join(f" (mostly {kind})" for kind, _ in kinds.most_common(1))


if __name__ == "__main__":
    sys.exit(main())
