"""The table of drivers, looked up in the installed SQLAlchemy."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url

from flake8_sqlalchemy_lifecycle.model.knowledge.drivers import (
    ASYNC_ONLY,
    SERVES_BOTH_SINCE,
    SYNC_ONLY,
)


def serves(scheme: str) -> set[bool]:
    """Whether the dialects that a sync and an async engine get of the scheme belong to asyncio."""
    dialect = make_url(f"{scheme}://").get_dialect()
    return {dialect.is_async, dialect.get_async_dialect_cls(make_url(f"{scheme}://")).is_async}


@pytest.mark.parametrize("scheme", sorted(SYNC_ONLY))
def test_sync_only(scheme: str) -> None:
    assert serves(scheme) == {False}


@pytest.mark.parametrize("scheme", sorted(ASYNC_ONLY))
def test_async_only(scheme: str) -> None:
    assert serves(scheme) == {True}


@pytest.mark.parametrize("scheme", [*SERVES_BOTH_SINCE, "postgresql+psycopg", "oracle+oracledb"])
def test_serves_both(scheme: str) -> None:
    assert serves(scheme) == {False, True}
    assert scheme not in SYNC_ONLY | ASYNC_ONLY
