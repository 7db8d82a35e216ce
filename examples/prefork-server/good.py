"""The configuration of gunicorn, whose workers forget the connection that they inherited."""

import time
from concurrent.futures import ThreadPoolExecutor

from server import gunicorn
from stage import psql

wsgi_app = "shop:app"
workers = 2
preload_app = True


def post_fork(server: object, worker: object) -> None:
    from shop import engine

    engine.dispose(close=False)


def main() -> None:
    psql("create table goods (name text, price int); insert into goods values ('tea', 4)")
    psql("create table orders (price int)")
    with gunicorn(__file__) as customer, ThreadPoolExecutor() as pool:
        order = pool.submit(customer.post, "/orders/tea")
        time.sleep(0.5)
        customer.get("/orders")
        answer = order.result()
    stored = psql("select count(*) from orders")[0]
    print(f"POST /orders/tea: {answer.status_code} {answer.text}; orders stored: {stored}")


if __name__ == "__main__":
    main()
