"""Process argument: a session or engine is sent to another process.

Finds sessions, connections, engines, makers and registries, and objects that hold one, that are sent to a process: as
arguments, in a `partial`, with a bound method, or as an attribute of a subclass of `Process`. It is reported at the
call that sends them.

## Why

What a pool gets is pickled, and so is all that a process gets that is not forked. That fails with `AttributeError:
Can't pickle local object 'create_engine.<locals>.connect'`, or `TypeError: cannot pickle 'weakref.ReferenceType'
object` for a session. A forked process gets it as it is: both then talk on one socket.

## Bad

```python
from multiprocessing import Process

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session


def work(session: Session) -> None:
    session.execute(text("call work()"))
    session.commit()


def main() -> None:
    with Session(create_engine("postgresql+psycopg://localhost/shop")) as session:
        process = Process(target=work, args=(session,))  # error: LSA503
        process.start()
        process.join()
```

## Good

```python
from multiprocessing import Process

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

URL = "postgresql+psycopg://localhost/shop"


def work(url: str) -> None:
    engine = create_engine(url)
    with Session(engine) as session:
        session.execute(text("call work()"))
        session.commit()
    engine.dispose()


def main() -> None:
    process = Process(target=work, args=(URL,))
    process.start()
    process.join()
```

## Silent

URLs, ids and settings; threads, and `multiprocessing.dummy`; objects with a `__getstate__`; what a forked child does
not use or forgets by `dispose(close=False)`.

## Misses

What goes through a queue, and joblib's `delayed(f)(session)`.

## References

- https://docs.python.org/3/library/multiprocessing.html#programming-guidelines
- https://docs.sqlalchemy.org/en/20/core/pooling.html#using-connection-pools-with-multiprocessing-or-os-fork
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...frameworks import PROCESSES
from ...model import attributes
from ...model.inference import Model
from ...model.sent import sent

RULE = Rule(
    code="LSA503",
    name="process-argument",
    wakes=("multiprocess", "billiard", "ProcessPool", "Process", "executor", "Pool(", ".start()"),
    in_scripts=True,
    frameworks=PROCESSES,
)


@RULE.check
def process_argument(model: Model) -> Iterator[Finding]:
    """Report calls that send to another process what belongs to this one."""
    for found in sent(model):
        site = found.value.site
        path = model.project.display(site.path)
        kind = (attributes.type_name(model, found.value) or "").rpartition(".")[2]
        what = f"the {kind} in .{found.attribute}" if found.attribute else f"the {kind}"
        where = f" ({path}:{site.line})" if site.path != model.linted.path else ""
        message = (
            f"{ast.unparse(found.call.func)}() sends {what}{where} to another process: "
            "it cannot be pickled, and a fork shares its socket"
        )
        yield RULE.at(found.call, message, Evidence(path, site.line, "it is made here"))
