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

import ast
from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...frameworks import WEB
from ...model.creations import CREATION_WORDS
from ...model.flow import is_choice, position
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
    """Report each engine that is made once per request, and a call that leads to several of them once."""
    places: dict[ast.expr, list[Cause]] = {}
    for cause in per_request(model):
        if not is_left_elsewhere(model, cause):
            places.setdefault(cause.place, []).append(cause)
    told: list[Cause] = []
    for place in sorted(places, key=position):
        causes = places[place]
        if not any(_is_same_cause(causes[0], other) for other in told):
            told.append(causes[0])
            yield _finding(model, causes)


def _is_same_cause(one: Cause, other: Cause) -> bool:
    """Is one name given either of the engines, of which one is made?"""
    block = one.path.end.block
    return block is other.path.end.block and is_choice(block, one.place, other.place)


def _finding(model: Model, causes: list[Cause]) -> Finding:
    cause = causes[0]
    often = "on every request" if cause.asked else "each time a session is asked for"
    message = f"{_creator(cause)}() runs {often}: {cause.path.names}"
    if cause.path.end.block.module is model.linted:
        return RULE.at(cause.place, message)
    evidence = [
        Evidence(
            other.path.end.block.module.display,
            other.engine.site.line,
            f"{_creator(other)}() makes the engine",
        )
        for other in causes
    ]
    more = f" and {len(causes) - 1} more" if len(causes) > 1 else ""
    where = f"{evidence[0].path}:{evidence[0].line}{more}"
    return RULE.at(cause.place, f"{message} ({where})", *evidence)


def _creator(cause: Cause) -> str:
    return "create_async_engine" if cause.engine.type.endswith("AsyncEngine") else "create_engine"
