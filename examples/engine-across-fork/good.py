"""The child forgets the connections that it inherited, and opens its own."""

from multiprocessing import get_context
from multiprocessing.queues import Queue

from sqlalchemy import create_engine, text
from stage import database_url

engine = create_engine(database_url())


def sell(progress: Queue, paid: Queue) -> None:
    engine.dispose(close=False)
    with engine.begin() as connection:
        connection.execute(text("insert into sales values (99)"))
        progress.put("inserted")
        paid.get()
    progress.put("committed")


def count_sales() -> int:
    with engine.connect() as connection:
        return connection.scalar(text("select count(*) from sales"))


def main() -> None:
    with engine.begin() as connection:
        connection.execute(text("create table sales (price int)"))
    fork = get_context("fork")
    progress, paid = fork.Queue(), fork.Queue()
    worker = fork.Process(target=sell, args=(progress, paid))
    worker.start()
    steps = [progress.get()]
    count_sales()
    paid.put(True)
    steps.append(progress.get())
    worker.join()
    print(f"the child has {' and '.join(steps)} a sale, sales stored: {count_sales()}")


if __name__ == "__main__":
    main()
