"""Child dispose closes parent: a forked child closes the connections of its parent.

Finds `engine.dispose()` without `close=False` on an engine that a forked child inherited: in a pool's initializer, a
process's target, the child's branch of `os.fork()`, gunicorn's `post_fork` and `post_worker_init` of a preloaded app,
Celery's `worker_process_init`, and `os.register_at_fork(after_in_child=…)`.

## Why

The child's pool holds the parent's sockets. `dispose()` closes the connections in it: it tells the server to hang up,
and the next statement of the parent fails with `OperationalError: (psycopg.OperationalError) consuming input failed:
server closed the connection unexpectedly`. `dispose(close=False)` forgets them, and leaves the parent's alone.

## Bad

```python
from multiprocessing import Pool

from sqlalchemy import create_engine, text

engine = create_engine("postgresql+psycopg://localhost/shop")


def prepare() -> None:
    engine.dispose()  # error: LSA504


def count(shop: int) -> int:
    with engine.connect() as connection:
        return connection.scalar(text("select count(*) from sales where shop = :s"), {"s": shop})


def main() -> None:
    with engine.connect() as connection:
        shops = connection.scalars(text("select id from shops")).all()
    with Pool(4, initializer=prepare) as pool:
        print(pool.map(count, shops))
```

## Good

```python
from multiprocessing import Pool

from sqlalchemy import create_engine, text

engine = create_engine("postgresql+psycopg://localhost/shop")


def prepare() -> None:
    engine.dispose(close=False)


def count(shop: int) -> int:
    with engine.connect() as connection:
        return connection.scalar(text("select count(*) from sales where shop = :s"), {"s": shop})


def main() -> None:
    with engine.connect() as connection:
        shops = connection.scalars(text("select id from shops")).all()
    with Pool(4, initializer=prepare) as pool:
        print(pool.map(count, shops))
```

## Silent

Engines that the child made; those whose inherited connections it forgot before; those that the parent never connects;
`NullPool`; what runs when a worker ends.

## Fix

Safe: `close=False` is added, where the engine is disposed in the file of the finding.

## Misses

gunicorn configs that leave the preloading to the command line, and `initializer=engine.dispose`.

## References

- https://docs.sqlalchemy.org/en/20/core/pooling.html#using-connection-pools-with-multiprocessing-or-os-fork
- https://docs.sqlalchemy.org/en/20/core/connections.html#sqlalchemy.engine.Engine.dispose
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...frameworks import PROCESSES, SERVERS
from ...model.child_disposals import child_disposals
from ...model.engines import root
from ...model.inference import Model

RULE = Rule(
    code="LSA504",
    name="child-dispose-closes-parent",
    wakes=(
        "worker_process_init",
        "preload_app",
        "after_in_child",
        "multiprocess",
        "billiard",
        "ProcessPool",
        "fork(",
        "joblib",
    ),
    in_scripts=True,
    fix="safe",
    frameworks=("Celery", *PROCESSES, *SERVERS),
)


@RULE.check
def child_dispose_closes_parent(model: Model) -> Iterator[Finding]:
    """Report the disposals by which a child closes what its parent may use."""
    seen: set[ast.AST] = set()
    for found in child_disposals(model):
        if found.place in seen:
            continue
        seen.add(found.place)
        owner = ast.unparse(found.owner)
        site = root(found.engine).site
        made = Evidence(model.project.display(site.path), site.line, f"{owner} is made here")
        disposed = Evidence(found.block.module.display, found.owner.lineno, "it is disposed here")
        where = "" if site.path == model.linted.path else f" ({made.path}:{made.line})"
        if found.block.module.path != model.linted.path:
            where = f" ({disposed.path}:{disposed.line})"
        message = (
            f"{owner}.dispose(){where} closes in a forked child what its parent has open: "
            "dispose(close=False) only forgets it"
        )
        yield RULE.at(found.place, message, made, disposed)  # type: ignore[arg-type]
