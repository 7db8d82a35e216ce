"""No pre-ping: an engine may hand out connections that the server has closed.

Finds engines of a database server, with a pool, that neither test a connection when it is taken out of the pool
(`pool_pre_ping`) nor replace it after a while (`pool_recycle`). Opt-in.

## Why

After a restart of the server, a failover or a firewall's time-out the pool still holds the dead connections. The next
statement on each of them fails, with PostgreSQL for instance:
`OperationalError: (psycopg.OperationalError) consuming input failed: server closed the connection unexpectedly`.
A ping costs one short round trip when a connection is taken out.

## Bad

```python
from sqlalchemy import create_engine

engine = create_engine("postgresql+psycopg://db/shop")  # error: LSA108
```

## Good

```python
from sqlalchemy import NullPool, create_engine

engine = create_engine("postgresql+psycopg://db/shop", pool_pre_ping=True)
batch = create_engine("postgresql+psycopg://db/shop", poolclass=NullPool)
decided = create_engine("postgresql+psycopg://db/shop", pool_pre_ping=False)
```

## Silent

SQLite; `NullPool`; an explicit `pool_pre_ping=False`; engines that a function makes and keeps to itself.

## Fix

Adds `pool_pre_ping=True`.

## Misses

Engines whose URL, or whose keywords, are not known before run time.

## References

- https://docs.sqlalchemy.org/en/20/core/pooling.html#disconnect-handling-pessimistic
- https://docs.sqlalchemy.org/en/20/core/pooling.html#setting-pool-recycle
"""

from __future__ import annotations

from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Finding
from ...model import urls
from ...model.engine_calls import engine_calls
from ...model.engine_fates import Fate, follow
from ...model.inference import Model
from ...model.knowledge import CREATOR_WORDS
from ...model.knowledge.drivers import SERVERS
from ...model.pools import QUEUES, arguments, pools_of
from ...model.scopes import Block
from ...model.values import Made

RULE = Rule(code="LSA108", name="no-pre-ping", wakes=CREATOR_WORDS, default=False, fix="safe")


_ITS_OWN = frozenset({Fate.ABSENT, Fate.HELD, Fate.DISPOSED})


@RULE.check
def no_pre_ping(model: Model) -> Iterator[Finding]:
    """Report the engines of servers that never look whether a connection still lives."""
    for engine, block in engine_calls(model):
        if engine.call is None or not _is_of_server(model, engine):
            continue
        if _is_blind(model, engine) and not _is_short_lived(model, engine, block):
            creator = urls.creator_of(model, engine)
            message = f"{creator}() has neither pool_pre_ping nor pool_recycle"
            yield RULE.at(engine.call, message)


def _is_short_lived(model: Model, engine: Made, block: Block) -> bool:
    """Does the function that makes the engine keep it to itself, so that no connection gets old?"""
    if block.function is not block or engine.call is None:
        return False
    fates = follow(model, model.frame(block), engine.call, engine.site).fates
    return fates <= _ITS_OWN and fates != {Fate.ABSENT}


def _is_of_server(model: Model, engine: Made) -> bool:
    schemes = urls.engine_schemes(model, engine)
    return bool(schemes) and all(s is not None and s.split("+")[0] in SERVERS for s in schemes)


def _is_blind(model: Model, engine: Made) -> bool:
    given = arguments(model, engine)
    if given is None or not given.keys().isdisjoint({"pool_pre_ping", "pool_recycle", "pool"}):
        return False
    return pools_of(model, engine, given) <= QUEUES
