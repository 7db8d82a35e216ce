"""Import-time engine: importing a module makes an engine.

Finds engines that are made at the top level of a module: by a call there, in a class body, or by a function or
constructor that the top level calls. Opt-in: a module-level engine is what SQLAlchemy's own documentation shows, and
harmless by itself; this rule is for projects that want to make theirs in one place.

## Why

The import fails where the URL or the driver is missing, in a test, a migration or a documentation build:
`KeyError: 'DSN'`, `ModuleNotFoundError: No module named 'psycopg'`. And whoever wants another engine has to replace one
that exists already.

## Bad

```python
import os

from sqlalchemy import create_engine

engine = create_engine(os.environ["DSN"])  # error: LSA103
```

## Good

```python
import os
from functools import cache

from sqlalchemy import Engine, create_engine


@cache
def engine() -> Engine:
    return create_engine(os.environ["DSN"])
```

## Silent

What stands under `if __name__ == "__main__"`, and the module that builds the app, be it by a function of the project.

## Misses

Engines that a framework or a library makes when it is imported.

## References

- https://docs.sqlalchemy.org/en/20/core/engines.html
- https://fastapi.tiangolo.com/advanced/events/#lifespan
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...model import urls
from ...model.imported_engines import (
    ImportedEngine,
    builds_app,
    imported_engines,
    may_give_app,
)
from ...model.inference import Model
from ...model.knowledge import CREATOR_WORDS

RULE = Rule(
    code="LSA103",
    name="import-time-engine",
    wakes=(*CREATOR_WORDS, "import "),
    default=False,
)


@RULE.check
def import_time_engine(model: Model) -> Iterator[Finding]:
    """Report each engine that importing the file makes, and a call that makes several of them once."""
    found = {imported.engine.site: imported for imported in reversed([*imported_engines(model)])}
    if not found or builds_app(model):
        return
    places: dict[ast.Call, list[ImportedEngine]] = {}
    for imported in found.values():
        if not may_give_app(model, imported):
            places.setdefault(imported.place, []).append(imported)
    for made in places.values():
        yield _finding(model, sorted(made, key=lambda imported: imported.engine.site))


def _finding(model: Model, made: list[ImportedEngine]) -> Finding:
    imported = made[0]
    message = f"{urls.creator_of(model, imported.engine)}() runs when this module is imported"
    if imported.place is imported.engine.call:
        if imported.call is imported.place:
            return RULE.at(imported.place, message)
        return RULE.at(imported.place, f"{message} (line {imported.call.lineno})")
    evidence = [
        Evidence(
            model.project.display(other.engine.site.path),
            other.engine.site.line,
            f"{urls.creator_of(model, other.engine)}() makes an engine",
        )
        for other in made
    ]
    more = f" and {len(made) - 1} more" if len(made) > 1 else ""
    where = f"{evidence[0].path}:{evidence[0].line}{more}"
    return RULE.at(imported.place, f"{message} ({where})", *evidence)
