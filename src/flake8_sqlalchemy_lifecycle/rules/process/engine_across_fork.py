"""Engine across fork: parent and child use one pool, and one connection.

Finds processes and pools that are forked when the parent has used an engine, if the child uses the engine too, through
a connection, a maker or a session. It is reported where the process or pool is made.

## Why

The child inherits the pool with the parent's sockets in it. Both sides take the same connection: one gets the other's
rows, or `ResourceClosedError: This result object does not return rows. It has been closed automatically.`, or both
wait for ever. Over TLS it fails at once: `OperationalError: SSL error: decryption failed or bad record mac`.

## Bad

```python
from multiprocessing import Pool

from sqlalchemy import create_engine, text

engine = create_engine("postgresql+psycopg://localhost/shop")


def count(shop: int) -> int:
    with engine.connect() as connection:
        return connection.scalar(text("select count(*) from sales where shop = :s"), {"s": shop})


def main() -> None:
    with engine.connect() as connection:
        shops = connection.scalars(text("select id from shops")).all()
    with Pool(4) as pool:  # error: LSA502
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

`engine.dispose()` in the parent before the fork; `NullPool`; `os.register_at_fork()` and pools that look at the process
id; children that make their own engine; engines that the parent has not connected yet.

## Fix

Safe: `engine.dispose(close=False)` becomes the first statement of a process's function, or of a pool's initializer. A
pool without one, and a branch behind `os.fork()`, are left.

## Misses

Engines that the parent has connected in a function that no code of the file calls before the fork.

## References

- https://docs.sqlalchemy.org/en/20/core/pooling.html#using-connection-pools-with-multiprocessing-or-os-fork
- https://docs.python.org/3/library/multiprocessing.html#contexts-and-start-methods
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...frameworks import PROCESSES
from ...model.forks import forks
from ...model.inference import Model
from ...model.shared_pools import shared_engine, shared_session

RULE = Rule(
    code="LSA502",
    name="engine-across-fork",
    wakes=("multiprocess", "billiard", "ProcessPool", "fork", "joblib", "Pool(", ".start()"),
    in_scripts=True,
    fix="safe",
    frameworks=PROCESSES,
)


@RULE.check
def engine_across_fork(model: Model) -> Iterator[Finding]:
    """Report forks of a parent that has connected an engine which a child uses."""
    for fork in forks(model):
        found = shared_engine(model, fork)
        if found is None or shared_session(model, fork) is not None:
            continue
        touch, engine = found
        path = model.project.display(engine.site.path)
        made = Evidence(path, engine.site.line, "the engine is made here")
        used = Evidence(touch.block.module.display, touch.node.lineno, "the child uses it")
        where = "" if engine.site.path == model.linted.path else f" ({path}:{engine.site.line})"
        message = (
            f"{ast.unparse(fork.call.func)}() forks after its parent has connected: "
            f"the child shares the pool of {touch.name}{where} in {touch.block.qualname}"
        )
        yield RULE.at(fork.call, message, made, used)
