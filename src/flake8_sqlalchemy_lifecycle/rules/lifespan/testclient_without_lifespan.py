"""Testclient without lifespan: a test sends requests to an application that was never started.

Finds, in test code, a `TestClient(app)` that makes requests and that nobody enters, of an application whose lifespan
(or startup handler) makes an engine or puts something on the app's state.

## Why

`TestClient` runs the lifespan when it is entered with `with`, and only then. Without it the requests meet an app whose
state is empty: `AttributeError: 'State' object has no attribute 'limits'`, or an engine that is still `None`. Tests
that pass all the same do so because another one left something behind.

## Bad

```python
# file: shop.py
from contextlib import asynccontextmanager

from fastapi import FastAPI


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.limits = {"orders": 10}
    yield


app = FastAPI(lifespan=lifespan)
```

```python
# file: test_shop.py
from fastapi.testclient import TestClient

from shop import app

client = TestClient(app)  # error: LSA209


def test_orders() -> None:
    assert client.get("/orders").status_code == 200
```

## Good

```python
# file: shop.py
from contextlib import asynccontextmanager

from fastapi import FastAPI


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.limits = {"orders": 10}
    yield


app = FastAPI(lifespan=lifespan)
```

```python
# file: test_shop.py
from fastapi.testclient import TestClient

from shop import app


def test_orders() -> None:
    with TestClient(app) as client:
        assert client.get("/orders").status_code == 200
```

## Silent

Tests (or a conftest near them) that set `dependency_overrides` or the app's state themselves, or run the lifespan in
another way; a client of a conftest whose requests are in other files.

## Misses

Clients for an app that comes out of a fixture, and `httpx.AsyncClient`, which never runs a lifespan.

## References

- https://fastapi.tiangolo.com/advanced/testing-events/
- https://www.starlette.io/lifespan/#running-lifespan-in-tests
"""

from __future__ import annotations

from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...frameworks import STARLETTE
from ...model.clients import unentered
from ...model.inference import Model
from ...model.places import is_test

RULE = Rule(
    code="LSA209",
    name="testclient-without-lifespan",
    needs_sqlalchemy=False,
    wakes=("TestClient",),
    in_tests=True,
    in_scripts=True,
    frameworks=STARLETTE,
)


@RULE.check
def testclient_without_lifespan(model: Model) -> Iterator[Finding]:
    """Report the first test client of the file that nobody enters, if its app needs its lifespan."""
    found = unentered(model) if is_test(model.linted) else None
    if found is not None:
        path, line = found.start.module.display, getattr(found.start.node, "lineno", 1)
        name = found.start.name
        message = (
            f"{name}() ({path}:{line}) {found.does} and never runs: use `with TestClient(...)`"
        )
        yield RULE.at(found.node, message, Evidence(path, line, f"{name}()"))
