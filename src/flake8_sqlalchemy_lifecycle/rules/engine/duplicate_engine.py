"""Duplicate engine: a process makes two engines for one database.

Finds a second pooled engine of the same flavour, for the same URL and with the same settings: in one file, in a file
that imports the first, in two files that a third one imports, and by an uncached factory that is called twice. URLs are
the same when their expressions mean the same, whatever they are called where they are used.

## Why

Each engine has a pool of its own. Two of them double the limit that `pool_size` and `max_overflow` promise: with a
limit of three, six connections are open on the server. Nothing says so until the server's own limit is reached:
`FATAL:  sorry, too many clients already`.

## Bad

```python
import os

from sqlalchemy import create_engine

users = create_engine(os.environ["DSN"], pool_size=3)
orders = create_engine(os.environ["DSN"], pool_size=3)  # error: LSA104
```

## Good

```python
import os

from sqlalchemy import NullPool, create_engine

engine = create_engine(os.environ["DSN"], pool_size=3)
users = orders = engine
serial = create_engine(os.environ["DSN"], pool_size=1, isolation_level="SERIALIZABLE")
batch = create_engine(os.environ["DSN"], poolclass=NullPool)
```

## Silent

A sync engine beside an async one, exclusive branches, SQLite in memory, engines without a pool, with another pool class
or size, `isolation_level`, `connect_args` or `echo`, an engine that replaces a disposed one, those of child processes
and of scripts. Engines that a function makes at each call are LSA102's.

## Misses

Equal URLs that are written in different ways, and objects that make an engine each.

## References

- https://docs.sqlalchemy.org/en/20/core/connections.html#basic-usage
- https://docs.sqlalchemy.org/en/20/core/pooling.html#connection-pool-configuration
"""

from __future__ import annotations

from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...model import urls
from ...model.duplicates import Duplicate, duplicates
from ...model.inference import Model
from ...model.knowledge import CREATOR_WORDS

RULE = Rule(code="LSA104", name="duplicate-engine", wakes=(*CREATOR_WORDS, "import "))


@RULE.check
def duplicate_engine(model: Model) -> Iterator[Finding]:
    """Report each second engine for one database."""
    for duplicate in duplicates(model):
        yield _finding(model, duplicate)


def _finding(model: Model, duplicate: Duplicate) -> Finding:
    first, second = duplicate.first, duplicate.second
    creator = urls.creator_of(model, second.engine)
    by = f"{second.name}() calls {creator}()" if second.name else f"{creator}() makes an engine"
    here = first.block.module is model.linted
    where = f"line {first.call.lineno}" if here else first.place
    message = f"{by} for a database that has one already ({where})"
    if duplicate.place is not second.call:
        message = f"brings a second engine for one database ({second.place}, after {where})"
    evidence = Evidence(first.block.module.display, first.call.lineno, "the first engine")
    return RULE.at(duplicate.place, message, evidence)
