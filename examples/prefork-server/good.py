"""Each worker forgets the connection that it inherited, and opens its own.

`gunicorn -c good.py`
"""

bind = "127.0.0.1:8000"
workers = 4
wsgi_app = "shop:app"
preload_app = True


def post_fork(server: object, worker: object) -> None:
    from shop import engine

    del server, worker
    engine.dispose(close=False)
