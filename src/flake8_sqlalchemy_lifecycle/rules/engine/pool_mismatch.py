"""Pool mismatch: an engine gets a pool, or arguments for a pool, that it cannot use.

Finds a pool class of the wrong flavour (`QueuePool` in an asyncio engine, `AsyncAdaptedQueuePool` in a sync one),
`pool_size`, `max_overflow`, `pool_timeout` and `pool_use_lifo` beside a pool that has none, be it named or picked by
the dialect, and arguments for pools that are misspelt. Dictionaries behind `**` are looked into.

## Why

The creating call raises, often only where some other environment picks the other pool:

`ArgumentError: Pool class QueuePool cannot be used with asyncio engine`

`TypeError: Invalid argument(s) 'pool_size' sent to create_engine(), using configuration
SQLiteDialect_pysqlite/NullPool/Engine.  Please check that the keyword arguments are appropriate for this combination of
components.`

Test code and scripts are looked at as well.

## Bad

```python
import os

from sqlalchemy import NullPool, QueuePool, create_engine
from sqlalchemy.ext.asyncio import create_async_engine

jobs = create_engine(os.environ["DSN"], poolclass=NullPool, pool_size=5)  # error: LSA106
web = create_async_engine(os.environ["DSN"], poolclass=QueuePool)  # error: LSA106
tests = create_async_engine("sqlite+aiosqlite://", pool_size=5)  # error: LSA106
typo = create_engine(os.environ["DSN"], pool_sise=5)  # error: LSA106
```

## Good

```python
import os

from sqlalchemy import AsyncAdaptedQueuePool, NullPool, create_engine
from sqlalchemy.ext.asyncio import create_async_engine

jobs = create_engine(os.environ["DSN"], poolclass=NullPool, pool_pre_ping=True)
web = create_async_engine(os.environ["DSN"], poolclass=AsyncAdaptedQueuePool, pool_size=5)
tests = create_async_engine("sqlite+aiosqlite:///tests.db", pool_size=5)
```

## Silent

Keywords that cannot be resolved (`**options()`, a dictionary that is changed after it was written), pools that only a
condition picks, pool classes of the project, and versions of SQLAlchemy that accept the combination.

## Fix

Safe: drops the argument, corrects a misspelt one, or exchanges the pool class for that of the other flavour. The call
raised before, so nothing that worked can change. Arguments in a dictionary are left.

## Misses

Arguments that reach `create_engine()` through a function of the project, and pools of other packages.

## References

- https://docs.sqlalchemy.org/en/21/core/pooling.html#connection-pool-configuration
- https://docs.sqlalchemy.org/en/21/errors.html#error-pcls
- https://docs.sqlalchemy.org/en/21/dialects/sqlite.html#threading-pooling-behavior
"""

from __future__ import annotations

from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Finding
from ...model import pools, urls
from ...model.engine_calls import engine_calls
from ...model.inference import Model
from ...model.knowledge import CREATOR_WORDS
from ...model.knowledge.pools import ASYNCIO
from ...model.pools import Misfit
from ...model.trials import is_tried_out

RULE = Rule(
    code="LSA106",
    name="pool-mismatch",
    wakes=CREATOR_WORDS,
    in_tests=True,
    in_scripts=True,
    fix="safe",
)


@RULE.check
def pool_mismatch(model: Model) -> Iterator[Finding]:
    """Report the creating calls that raise because of their pool."""
    for engine, block in engine_calls(model):
        if engine.call is None or is_tried_out(engine.call, block):
            continue
        misfit = next(pools.misfits(model, engine), None)
        if misfit is not None:
            creator = urls.creator_of(model, engine)
            yield RULE.at(engine.call, f"{creator}() {_complaint(misfit)}")


def _complaint(misfit: Misfit) -> str:
    pool = misfit.pool.rpartition(".")[2]
    if misfit.meant:
        return f"does not know {misfit.argument}, did you mean {misfit.meant}?"
    if misfit.argument == "poolclass":
        flavour = "a sync" if misfit.pool in ASYNCIO else "an asyncio"
        return f"gets {pool}, which cannot be used with {flavour} engine"
    if pool == "pool":
        return f"gets {misfit.argument} beside a pool that exists already"
    return f"gets {misfit.argument}, which {pool} does not have"
