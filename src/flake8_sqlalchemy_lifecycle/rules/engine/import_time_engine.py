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

What stands under `if __name__ == "__main__"`, and the module that builds the app.

## Misses

Engines that a framework or a library makes when it is imported.

## References

- https://docs.sqlalchemy.org/en/20/core/engines.html
- https://fastapi.tiangolo.com/advanced/events/#lifespan
"""

from __future__ import annotations

from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...model import urls
from ...model.imported_engines import ImportedEngine, builds_app, imported_engines
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
    """Report each engine that importing the file makes."""
    found = {imported.engine.site: imported for imported in reversed([*imported_engines(model)])}
    if found and not builds_app(model):
        for imported in found.values():
            yield _finding(model, imported)


def _finding(model: Model, imported: ImportedEngine) -> Finding:
    engine = imported.engine
    message = f"{urls.creator_of(model, engine)}() runs when this module is imported"
    if imported.place is engine.call and imported.call is engine.call:
        return RULE.at(imported.place, message)
    if imported.place is engine.call:
        return RULE.at(imported.place, f"{message} (line {imported.call.lineno})")
    shown = model.project.display(engine.site.path)
    evidence = Evidence(shown, engine.site.line, "the engine is made here")
    return RULE.at(imported.place, f"{message} ({shown}:{engine.site.line})", evidence)
