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

Engines that are cached (`functools.cache`, a tested global, attribute, key or `app.state` slot), made at start-up or by an
app factory; an engine for a URL that is the user's input, if it is disposed in `finally` or has no pool (`NullPool`).

## Misses

Handlers that are registered in a way that the linter does not know, and calls through objects of unknown type.

## References

- https://docs.sqlalchemy.org/en/20/core/connections.html#basic-usage
- https://docs.sqlalchemy.org/en/20/core/pooling.html
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Set
from dataclasses import dataclass

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...model import calls, paths
from ...model.creations import (
    CREATION_WORDS,
    creations_in,
    is_for_input_and_ended,
    is_made_once,
    names_that_lead_to_creations,
)
from ...model.flow import position
from ...model.inference import Model
from ...model.paths import Path
from ...model.scopes import Block
from ...model.values import Made

RULE = Rule(
    code="LSA101",
    name="engine-in-request-path",
    wakes=(
        *CREATION_WORDS,
        "Depends",
        "Security",
        "Provide",
        "Route",
        "route",
        "Endpoint",
        "Middleware",
        "middleware",
        "MethodView",
        "HTTPMethodView",
        ".get(",
        ".post(",
        ".put(",
        ".patch(",
        ".delete(",
        "@get",
        "@post",
        "exception_handler",
        "websocket",
        "web.View",
        "yield",
    ),
)

_PROVIDER_STEPS = 3


@dataclass(frozen=True, slots=True)
class _Cause:
    """An engine's creation, and how a request gets there."""

    engine: Made
    path: Path
    place: ast.expr


@RULE.check
def engine_in_request_path(model: Model) -> Iterator[Finding]:
    names = names_that_lead_to_creations(model)
    if not any(name in model.linted.source.text for name in names):
        return
    words = names | model.linted.spellings(*CREATION_WORDS)
    first: dict[object, _Cause] = {}
    for cause in (*_from_requests(model, words), *_from_providers(model, words)):
        known = first.get(cause.engine.site)
        if known is None or position(cause.place) < position(known.place):
            first[cause.engine.site] = cause
    for cause in first.values():
        yield _finding(model, cause)


def _from_requests(model: Model, words: frozenset[str]) -> Iterator[_Cause]:
    def interesting(spelled: Set[str]) -> bool:
        return not words.isdisjoint(spelled)

    for root in paths.request_roots(model, interesting):
        start = calls.entry(model, root.function)
        if is_made_once(model, root.function):
            continue
        for path in paths.walk(model, start, interesting):
            causes = list(_causes(model, path, root.node))
            if causes and not _is_reported_elsewhere(model, path):
                yield from causes


def _is_reported_elsewhere(model: Model, path: Path) -> bool:
    """Does the path lead through a function of another file which that file shows to run per request?"""
    return any(
        frame.block.module is not model.linted and paths.runs_per_request(model, frame.block)
        for frame in path.frames
    )


def _from_providers(model: Model, words: frozenset[str]) -> Iterator[_Cause]:
    for block in model.linted.functions():
        if words.isdisjoint(block.words) or not (block.yields or block.returns):
            continue
        function = paths.as_function(model, block)
        if is_made_once(model, function) or _is_named_elsewhere(model, block):
            continue
        start = calls.entry(model, function)
        for path in paths.walk(
            model, start, lambda spelled: not words.isdisjoint(spelled), _PROVIDER_STEPS
        ):
            causes = list(_causes(model, path, block.node))
            if causes and paths.provides_session(model, block):
                yield from causes


def _causes(model: Model, path: Path, root: ast.AST) -> Iterator[_Cause]:
    for engine in creations_in(model, path.end):
        if is_for_input_and_ended(model, engine, path.end):
            continue
        place = _place(model, path, engine, root)
        if place is not None:
            yield _Cause(engine, path, place)


def _place(model: Model, path: Path, engine: Made, root: ast.AST) -> ast.expr | None:
    """The creating call if it is in the linted file, else the expression by which the path leaves this file."""
    if path.end.block.module is model.linted:
        return engine.call
    for step in path.steps:
        if (
            step.callee.block.module is not model.linted
            and step.caller.block.module is model.linted
        ):
            return step.node if isinstance(step.node, ast.expr) else None
    return root if isinstance(root, ast.expr) else None


def _is_named_elsewhere(model: Model, provider: Block) -> bool:
    """Does other code of the file use the provider? Then who calls it decides."""
    return any(
        provider.name in block.words
        for block in model.linted.functions()
        if block is not provider and provider not in _around(block)
    ) or any(
        isinstance(node, ast.Name) and node.id == provider.name for node in model.linted.block.nodes
    )


def _around(block: Block) -> Iterator[Block]:
    current = block.parent
    while current is not None:
        yield current
        current = current.parent


def _finding(model: Model, cause: _Cause) -> Finding:
    engine = cause.engine
    creator = "create_async_engine" if engine.type.endswith("AsyncEngine") else "create_engine"
    end = cause.path.end.block
    message = f"{creator}() runs on every request: {cause.path.names}"
    if end.module is model.linted:
        return RULE.at(cause.place, message)
    where = f"{end.module.display}:{engine.site.line}"
    evidence = Evidence(end.module.display, engine.site.line, f"{creator}() makes the engine")
    return RULE.at(cause.place, f"{message} ({where})", evidence)
