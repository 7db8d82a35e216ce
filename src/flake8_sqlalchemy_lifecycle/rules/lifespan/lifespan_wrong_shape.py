"""Lifespan wrong shape: what an application is given as lifespan cannot be entered.

Finds `lifespan=` of FastAPI, APIRouter, Starlette and Router that is a sync `@contextmanager`, a coroutine without
`yield`, a lifespan that was already called, or one that yields something that is no mapping; on Starlette also a
generator without decorator, which is deprecated.

## Why

The server calls what it is given with the app, enters the result with `async with`, and merges what that yields into
the state of each request. Anything else fails at start-up:
`TypeError: '_GeneratorContextManager' object does not support the asynchronous context manager protocol`,
`TypeError: 'coroutine' object does not support the asynchronous context manager protocol`,
`TypeError: 'coroutine' object is not an async iterator`, or `TypeError: 'AsyncEngine' object is not iterable`.
Starlette warns of a plain generator: `async generator function lifespans are deprecated, use an
@contextlib.asynccontextmanager function instead`.

## Bad

```python
from contextlib import contextmanager

from fastapi import FastAPI


@contextmanager
def lifespan(app: FastAPI):
    print("up")
    yield
    print("down")


app = FastAPI(lifespan=lifespan)  # error: LSA206
```

## Good

```python
from contextlib import asynccontextmanager

from fastapi import FastAPI


@asynccontextmanager
async def lifespan(app: FastAPI):
    print("up")
    yield
    print("down")


app = FastAPI(lifespan=lifespan)
```

## Silent

Functions that return a lifespan, classes with `__aenter__`, and on FastAPI and its APIRouter a generator without
decorator, which they decorate themselves.

## Fix

Safe, as the app cannot start: a generator gets its `@asynccontextmanager` and its `async`, a lifespan that is called is
passed instead, and the app or a literal is not yielded any more. Where a coroutine should yield, and under which name
the state should hold something else that is yielded, is left to you.

## Misses

Lifespans behind decorators that are not known, and mappings that turn out not to be any.

## References

- https://www.starlette.io/lifespan/
- https://fastapi.tiangolo.com/advanced/events/#lifespan
- https://docs.python.org/3/library/contextlib.html#contextlib.asynccontextmanager
"""

from __future__ import annotations

from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...frameworks import STARLETTE
from ...model.inference import Model
from ...model.shapes import wrong_shapes

RULE = Rule(
    code="LSA206",
    name="lifespan-wrong-shape",
    needs_sqlalchemy=False,
    wakes=("lifespan", "contextmanager"),
    in_tests=True,
    in_scripts=True,
    fix="safe",
    frameworks=STARLETTE,
)


@RULE.check
def lifespan_wrong_shape(model: Model) -> Iterator[Finding]:
    """Report each call that is given a lifespan which cannot be entered."""
    for wrong in wrong_shapes(model):
        path, line = wrong.function.module.display, wrong.line
        elsewhere = f" ({path}:{line})" if wrong.function.module is not model.linted else ""
        message = f"the lifespan {wrong.function.name}(){elsewhere} {wrong.fault}"
        yield RULE.at(wrong.call, message, Evidence(path, line, "the lifespan"))
