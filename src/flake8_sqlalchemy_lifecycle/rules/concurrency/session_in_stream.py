"""Session in stream: a streaming response reads from a session that is closed before it runs.

Finds a generator, given to a `StreamingResponse`, `EventSourceResponse`, or Flask's or Quart's `Response`, that uses a
session which the handler's own `with` or `close()` ends, or a dependency with `scope="function"`, or any dependency on
FastAPI 0.106 to 0.117.

## Why

The handler returns the response before its generator runs, and leaves its `with`. A closed session does not raise: it
silently begins again, on a connection that nobody gives back to the pool. What was loaded before is detached:

    DetachedInstanceError: Instance <P at 0x…> is not bound to a Session; attribute refresh operation cannot proceed

## Bad

```python
from collections.abc import Iterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

app = FastAPI()
engine = create_engine("postgresql+psycopg://localhost/shop")


def lines(session: Session) -> Iterator[str]:
    for row in session.execute(text("select name from items")):
        yield f"{row.name}\\n"


@app.get("/items.csv")
def export() -> StreamingResponse:
    with Session(engine) as session:
        return StreamingResponse(lines(session))  # error: LSA408
```

## Good

```python
from collections.abc import Iterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

app = FastAPI()
engine = create_engine("postgresql+psycopg://localhost/shop")


def lines() -> Iterator[str]:
    with Session(engine) as session:
        for row in session.execute(text("select name from items")):
            yield f"{row.name}\\n"


@app.get("/items.csv")
def export() -> StreamingResponse:
    return StreamingResponse(lines())
```

## Silent

A session that the generator opens, and a dependency's session on FastAPI ≥ 0.118, which closes it after the response
(LSA407 tells of it, where it is asked for).

## Misses

Results (of `session.stream()`, say) that a generator gets instead of the session.

## References

- https://fastapi.tiangolo.com/advanced/advanced-dependencies/#dependencies-with-yield-and-streamingresponse-technical-details
- https://docs.sqlalchemy.org/en/21/errors.html#error-bhk3
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...frameworks import STARLETTE
from ...model.afterlife import surviving
from ...model.endings import Closing
from ...model.handovers import streams
from ...model.inference import Model
from ...model.knowledge.later import STREAM_WORDS
from ...model.launches import Launches

RULE = Rule(
    code="LSA408",
    name="session-in-stream",
    wakes=("Response", "Stream", "ServerSentEvent", "response_class", "Depends"),
    in_scripts=True,
    frameworks=(*STARLETTE, "Quart", "Flask"),
)


@RULE.check
def session_in_stream(model: Model) -> Iterator[Finding]:
    """Report streams whose session is closed before they run."""
    for found in surviving(model, streams, Launches(model, STREAM_WORDS, STREAM_WORDS)):
        end = found.ending
        if end is None or end.closing is Closing.RESPONDED:
            continue
        closed = Evidence(
            end.block.module.display, getattr(end.node, "lineno", 1), "it is closed here"
        )
        version = " by the declared FastAPI" if end.closing is Closing.BY_VERSION else ""
        response = ast.unparse(found.handover.call.func)
        message = (
            f"{response}() runs its generator when {found.name} is closed{version} "
            f"({end.block.qualname}, {closed.path}:{closed.line})"
        )
        yield RULE.at(found.place, message, closed)
