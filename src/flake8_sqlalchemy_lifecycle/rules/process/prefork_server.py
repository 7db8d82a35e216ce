"""Prefork server: the workers are forked when the application has connected.

Finds gunicorn configs with `preload_app = True` whose application connects an engine when it is imported or made, and
Celery apps whose import connects one, where no hook lets go of what the workers inherit. The application is the
config's `wsgi_app`, or the only one of the project. It is reported at the `preload_app` line, and at `Celery(...)`.

## Why

The server loads the application once and forks its workers. What the import has connected is in the engine's pool
then, and so in the pool of each worker: they talk on one connection. Answers get lost or go to the wrong worker, with
`ResourceClosedError: This result object does not return rows. It has been closed automatically.`, and requests wait
until they time out. Over TLS it fails at once.

## Bad

```python
# file: gunicorn.conf.py
workers = 4
wsgi_app = "shop:app"
preload_app = True  # error: LSA505
```

```python
# file: shop.py
from flask import Flask
from sqlalchemy import create_engine, text

engine = create_engine("postgresql+psycopg://localhost/shop")
app = Flask(__name__)

with engine.connect() as connection:
    COUNTRIES = connection.scalars(text("select code from countries")).all()
```

## Good

```python
# file: gunicorn.conf.py
workers = 4
wsgi_app = "shop:app"
preload_app = True


def post_fork(server, worker):
    from shop import engine

    engine.dispose(close=False)
```

```python
# file: shop.py
from flask import Flask
from sqlalchemy import create_engine, text

engine = create_engine("postgresql+psycopg://localhost/shop")
app = Flask(__name__)

with engine.connect() as connection:
    COUNTRIES = connection.scalars(text("select code from countries")).all()
```

A Celery app does the same in a function that is connected to `worker_process_init`. Where nothing else reads at import,
`engine.dispose()` behind it does as well.

## Silent

Engines that only connect in a request or task; `NullPool`; `engine.dispose()` behind the connect, or in a hook of the
parent before the fork (`when_ready`, `pre_fork`, `worker_init`); `os.register_at_fork()`; what connects only under some
condition; Celery pools that do not fork, where a setting chooses them, or each command of the project's own files that
starts a worker (`Procfile`, compose files, units, scripts).

## Misses

gunicorn's `--preload` on the command line; task modules that Celery loads by their names;
connections that an import does not surely open.

## References

- https://docs.sqlalchemy.org/en/20/core/pooling.html#using-connection-pools-with-multiprocessing-or-os-fork
- https://docs.gunicorn.org/en/stable/settings.html#preload-app
- https://docs.celeryq.dev/en/stable/userguide/signals.html#worker-process-init
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...frameworks import SERVERS
from ...model.inference import Model
from ...model.prefork import inherited
from ...model.values import Made

RULE = Rule(
    code="LSA505",
    name="prefork-server",
    wakes=("preload_app", "Celery", "celery"),
    in_scripts=True,
    needs_sqlalchemy=False,
    frameworks=("Celery", *SERVERS),
)


@RULE.check
def prefork_server(model: Model) -> Iterator[Finding]:
    """Report servers that fork their workers when an engine has connections in its pool."""
    for found in inherited(model):
        engine, by = found.connected.engine, found.connected.by
        name = _name(engine)
        made = Evidence(
            model.project.display(engine.site.path), engine.site.line, "it is made here"
        )
        used = Evidence(model.project.display(by.path), by.line, "the import connects it here")
        message = (
            f"the workers are forked when {name} ({made.path}:{made.line}) has connected "
            f"({used.path}:{used.line}): they share its connections"
        )
        yield RULE.at(found.node, message, made, used)  # type: ignore[arg-type]


def _name(engine: Made) -> str:
    """What the code calls the engine where it is made."""
    block = engine.frame.block if engine.frame is not None else None
    if block is not None and engine.call is not None:
        statement = block.statement(engine.call)
        if isinstance(statement, ast.Assign):
            return ast.unparse(statement.targets[0])
    return "the engine"
