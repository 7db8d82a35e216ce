"""Registry not removed: a thread's or task's session goes on into the next request.

Finds a `scoped_session` that the handlers of a WSGI app or the threads of a pool use, and an `async_scoped_session`
that handlers of an ASGI app use, where nothing that the app's file reaches ever calls `remove()`.

## Why

The registry keeps a thread's session until it is told to `remove()` it. What a request that failed has added is still
in the session when the next request runs in the same thread, and **that** request's `commit()` stores it. In between,
the connection is "idle in transaction". Nothing is raised. An async registry keeps one entry for every finished task,
for ever.

## Bad

```python
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.orm import scoped_session, sessionmaker

app = Flask(__name__)
Session = scoped_session(sessionmaker(create_engine("sqlite:///notes.db")))  # error: LSA405


@app.post("/notes")
def add_note():
    Session.execute(text("insert into notes default values"))
    Session.commit()
    return "", 201
```

## Good

```python
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.orm import scoped_session, sessionmaker

app = Flask(__name__)
Session = scoped_session(sessionmaker(create_engine("sqlite:///notes.db")))


@app.teardown_appcontext
def remove_session(error=None):
    Session.remove()


@app.post("/notes")
def add_note():
    Session.execute(text("insert into notes default values"))
    Session.commit()
    return "", 201
```

## Silent

Any `remove()` or `close()` that may be the registry's (also of something unknown, where the registry or its session is
returned, passed or stored anywhere), a registry that is given to other code, Flask-SQLAlchemy, zope.sqlalchemy, and
scripts.

## Misses

Handlers in files that the app's file does not import, and a `remove()` that some ways through the code leave out.

## References

- https://docs.sqlalchemy.org/en/20/orm/contextual.html#using-thread-local-scope-with-web-applications
- https://flask.palletsprojects.com/en/stable/patterns/sqlalchemy/
"""

from __future__ import annotations

from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Evidence, Finding
from ...frameworks import THREADS, WEB
from ...model.inference import Model
from ...model.unremoved import unremoved_registries

RULE = Rule(
    code="LSA405",
    name="registry-not-removed",
    wakes=("Flask", "FastAPI", "Starlette", "Litestar", "Quart", "Sanic", "aiohttp", "ThreadPool"),
    frameworks=(*WEB, *THREADS),
)


@RULE.check
def registry_not_removed(model: Model) -> Iterator[Finding]:
    for unremoved in unremoved_registries(model):
        site = unremoved.registry.site
        module = model.project.module(site.path)
        display = module.display if module is not None else model.linted.display
        where = f"{unremoved.user.name}() uses a registry ({display}:{site.line})"
        evidence = Evidence(display, site.line, "the registry")
        yield RULE.at(unremoved.node, f"{where} of which nothing removes the sessions", evidence)
