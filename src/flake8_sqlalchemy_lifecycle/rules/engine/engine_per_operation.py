"""Engine per operation: an engine is made for one job and left open.

Finds `create_engine()`, `create_async_engine()` and their kin in tasks, jobs, message handlers and resolvers, in loops,
and in any function that makes an engine, connects through it (or through a maker or session bound to it), and neither
keeps it, nor hands it on, nor disposes it whatever happens.

## Why

An engine is a pool of connections. Each call opens new ones and leaves them behind: engine and pool refer to each
other, so that they stay open until Python's cyclic garbage collector happens to run (ten calls, ten connections on the
server). Under load the server then refuses: `FATAL:  sorry, too many clients already`.

## Bad

```python
import os

from celery import shared_task
from sqlalchemy import create_engine, text


@shared_task
def expire() -> None:
    engine = create_engine(os.environ["DSN"])  # error: LSA102
    with engine.begin() as connection:
        connection.execute(text("delete from token where expired"))
```

## Good

```python
import os

from celery import shared_task
from sqlalchemy import create_engine, text

engine = create_engine(os.environ["DSN"])


@shared_task
def expire() -> None:
    with engine.begin() as connection:
        connection.execute(text("delete from token where expired"))


def copy(url: str) -> None:
    source = create_engine(url)
    try:
        with source.connect() as connection:
            connection.execute(text("select 1"))
    finally:
        source.dispose()
```

## Silent

Engines that are disposed in `finally`, by a `with` or an exit stack; a `dispose()` that an error skips is not enough.
Engines without a pool (`NullPool`) or in memory, what is stored, returned or yielded, start-up code, and engines of
the request path, which LSA101 reports.

## Fix

Wraps what follows the creation in `try`/`finally` with a `dispose()`, where the engine has a name of its own.

## Misses

Engines that are handed to code that cannot be read, which may keep them.

## References

- https://docs.sqlalchemy.org/en/20/core/connections.html#engine-disposal
- https://docs.sqlalchemy.org/en/20/core/pooling.html
"""

from __future__ import annotations

from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...model import urls
from ...model.inference import Model
from ...model.knowledge import CREATOR_WORDS
from ...model.paths import caller_name
from ...model.spent_engines import Spent, spent_engines

RULE = Rule(
    code="LSA102",
    name="engine-per-operation",
    wakes=(*CREATOR_WORDS, "engine", "connect", "session", "import"),
    fix="safe",
)


@RULE.check
def engine_per_operation(model: Model) -> Iterator[Finding]:
    """Report each engine that a function makes at each call and leaves open."""
    for spent in spent_engines(model):
        yield _finding(model, spent)


def _finding(model: Model, spent: Spent) -> Finding:
    engine, end = spent.engine, spent.chain[-1].module
    creator = urls.creator_of(model, engine)
    chain = " → ".join(caller_name(block) for block in spent.chain)
    ends = "only when nothing raises" if spent.followed.disposes else "by nobody"
    if end is model.linted:
        return RULE.at(spent.place, f"{creator}() runs at each {chain}(), disposed {ends}")
    where = f"{end.display}:{engine.site.line}"
    evidence = Evidence(end.display, engine.site.line, f"{creator}() makes the engine")
    return RULE.at(
        spent.place, f"{creator}() runs at each {chain}() ({where}), disposed {ends}", evidence
    )
