"""The fixture enters the client: the lifespan runs around each test."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from notes import app


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(app) as client:
        yield client


def test_health(client: TestClient) -> None:
    assert client.get("/health").json() == {"ok": True}


def test_count_notes(client: TestClient) -> None:
    response = client.get("/notes/count")
    assert response.status_code == 200
    assert response.json() >= 0
