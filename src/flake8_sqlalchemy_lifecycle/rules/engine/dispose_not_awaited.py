"""Dispose not awaited: nobody awaits the `dispose()` of an async engine, so that nothing is disposed.

Finds `dispose()` of an `AsyncEngine` as a statement of its own, called where the method itself should be passed, or
registered with something that calls it and drops the result.

## Why

`AsyncEngine.dispose()` is a coroutine. Not awaited, it does nothing but warn, if anybody listens:
`RuntimeWarning: coroutine 'AsyncEngine.dispose' was never awaited`. The pool keeps its connections. Given to
`push_async_callback()` as a coroutine it fails at the end, `TypeError: 'coroutine' object is not callable`; given to
`callback()` or `atexit.register()` it passes in silence.

## Bad

```python
import os
from contextlib import AsyncExitStack

from sqlalchemy.ext.asyncio import create_async_engine

reader = create_async_engine(os.environ["READER"])
writer = create_async_engine(os.environ["WRITER"])


async def main() -> None:
    async with AsyncExitStack() as stack:
        stack.callback(reader.dispose)  # error: LSA107
        stack.push_async_callback(writer.dispose())  # error: LSA107


async def close() -> None:
    writer.dispose()  # error: LSA107
```

## Good

```python
import os
from contextlib import AsyncExitStack

from sqlalchemy.ext.asyncio import create_async_engine

reader = create_async_engine(os.environ["READER"])
writer = create_async_engine(os.environ["WRITER"])


async def main() -> None:
    async with AsyncExitStack() as stack:
        stack.push_async_callback(reader.dispose)
        stack.push_async_callback(writer.dispose)


async def close() -> None:
    await writer.dispose()
```

## Silent

A result that is returned, kept, gathered or made a task; `on_shutdown=[engine.dispose]`, which FastAPI awaits;
`engine.sync_engine.dispose()`; an engine that may be a sync one.

## Fix

Safe: in an `async def`, `await` is put before it; `callback` becomes `push_async_callback`; the call in
`push_async_callback(engine.dispose())` loses its parentheses.

## Misses

A coroutine that is kept and then forgotten, and callbacks of libraries that are not known.

## References

- https://docs.sqlalchemy.org/en/20/orm/extensions/asyncio.html#sqlalchemy.ext.asyncio.AsyncEngine.dispose
- https://docs.python.org/3/library/contextlib.html#contextlib.AsyncExitStack.push_async_callback
"""

from __future__ import annotations

from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...frameworks import ASYNC
from ...model.inference import Model
from ...model.unawaited import unawaited

RULE = Rule(
    code="LSA107",
    name="dispose-not-awaited",
    wakes=("dispose",),
    in_tests=True,
    in_scripts=True,
    fix="safe",
    frameworks=ASYNC,
)


@RULE.check
def dispose_not_awaited(model: Model) -> Iterator[Finding]:
    """Report each disposal of an async engine that nobody awaits."""
    for found in unawaited(model):
        site = found.engine.site
        path = model.project.display(site.path)
        elsewhere = f" ({path}:{site.line})" if site.path != model.linted.path else ""
        message = f"{found.owner}.dispose(){elsewhere} is never awaited: {found.advice}"
        yield RULE.at(found.node, message, Evidence(path, site.line, f"{found.owner} is made here"))
