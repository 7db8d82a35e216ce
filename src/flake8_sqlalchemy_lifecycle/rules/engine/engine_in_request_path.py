"""Engine in request path: an engine is created for every request.

Finds `create_engine()`, `create_async_engine()` and their kin where they run once per request: in a route handler, a
dependency, a middleware, a class-based view, or in any function, method or constructor that these call, across modules;
and in a function that yields or returns a session and makes a new engine for each one.

## Why

An engine is a pool of connections, made to live as long as the process. One per request connects anew each time (on
PostgreSQL 18 over a local socket 4.5 ms instead of 0.4 ms a request, without TLS or a password) and gives nothing back:
its connections stay open until Python's cyclic garbage collector happens to run. Under load the server then refuses:
`FATAL:  sorry, too many clients already`.

## Bad

```python
import os

from fastapi import FastAPI
from sqlalchemy import create_engine, text

app = FastAPI()


@app.get("/count")
def count() -> int:
    engine = create_engine(os.environ["DSN"])  # error: LSA101
    with engine.connect() as connection:
        return connection.scalar(text("select count(*) from item"))
```

## Good

```python
import os

from fastapi import FastAPI
from sqlalchemy import create_engine, text

app = FastAPI()
engine = create_engine(os.environ["DSN"])


@app.get("/count")
def count() -> int:
    with engine.connect() as connection:
        return connection.scalar(text("select count(*) from item"))
```

## Silent

Engines that are cached (`functools.cache`, a tested global, attribute, key or `app.state` slot), made at start-up
or by an app factory; an engine for a URL that is the user's input, if it is disposed in `finally` or has no pool
(`NullPool`); an engine that a function of another file leaves, whoever calls it: LSA102 is reported there.

## Misses

Handlers that are registered in a way that the linter does not know, and calls through objects of unknown type.

## References

- https://docs.sqlalchemy.org/en/20/core/connections.html#basic-usage
- https://docs.sqlalchemy.org/en/20/core/pooling.html
"""

from __future__ import annotations

from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...frameworks import WEB
from ...model.creations import CREATION_WORDS
from ...model.inference import Model
from ...model.per_request import Cause, per_request
from ...model.spent_engines import is_left_elsewhere

RULE = Rule(
    code="LSA101",
    name="engine-in-request-path",
    wakes=(*CREATION_WORDS, "import "),
    frameworks=WEB,
)


@RULE.check
def engine_in_request_path(model: Model) -> Iterator[Finding]:
    """Report each engine that is made once per request."""
    for cause in per_request(model):
        if not is_left_elsewhere(model, cause):
            yield _finding(model, cause)


def _finding(model: Model, cause: Cause) -> Finding:
    engine = cause.engine
    creator = "create_async_engine" if engine.type.endswith("AsyncEngine") else "create_engine"
    end = cause.path.end.block
    often = "on every request" if cause.asked else "each time a session is asked for"
    message = f"{creator}() runs {often}: {cause.path.names}"
    if end.module is model.linted:
        return RULE.at(cause.place, message)
    where = f"{end.module.display}:{engine.site.line}"
    evidence = Evidence(end.module.display, engine.site.line, f"{creator}() makes the engine")
    return RULE.at(cause.place, f"{message} ({where})", evidence)
