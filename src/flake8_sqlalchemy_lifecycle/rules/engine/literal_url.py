"""Literal URL: the URL of a database is written in the code.

Finds URLs of database servers with a password in them, wherever they stand, `URL.create()` with a literal password
too; and URLs of servers without one in code that is neither settings, configuration nor a migration. Opt-in.

## Why

A password in the repository is known to everybody who can read it, its history and its copies, and stays so when the
line is gone. A server's name in the code ties every environment to one database: where another password is meant, the
first connection fails with `FATAL:  password authentication failed for user "app"`.

## Bad

```python
from sqlalchemy import create_engine

engine = create_engine("postgresql+psycopg://app:hunter2@db/app")  # error: LSA109
```

## Good

```python
import os

from sqlalchemy import create_engine

engine = create_engine(os.environ["DSN"])
local = create_engine("sqlite:///app.db")
```

## Silent

Settings objects, the environment and its defaults (unless they hold a password), placeholders
(`user:password@host` too), and SQLite.

## Misses

URLs that are put together from parts, and passwords of other services.

## References

- https://docs.sqlalchemy.org/en/20/core/engines.html#database-urls
- https://docs.sqlalchemy.org/en/20/core/engines.html#creating-urls-programmatically
"""

from __future__ import annotations

from collections.abc import Iterator

from ...catalogue import Rule
from ...finding import Finding
from ...model.inference import Model
from ...model.literal_urls import literal_urls

RULE = Rule(
    code="LSA109",
    name="literal-url",
    needs_sqlalchemy=False,
    wakes=("postgres", "mysql", "mariadb", "oracle", "mssql", "password="),
    default=False,
)


@RULE.check
def literal_url(model: Model) -> Iterator[Finding]:
    """Report each statement that holds the URL of a database server."""
    for url in literal_urls(model):
        what = "a database password" if url.has_password else "the URL of a database server"
        yield RULE.at(url.statement, f"{what} is written in the code")
