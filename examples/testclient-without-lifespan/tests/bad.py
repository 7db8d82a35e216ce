"""Nobody enters the client: the lifespan never runs, and the engine is never made.

`AttributeError: 'State' object has no attribute 'engine'`
"""

import pytest
from fastapi.testclient import TestClient
from notes import app


@pytest.fixture
def client() -> TestClient:
    return TestClient(app)  # LSA209


def test_health(client: TestClient) -> None:
    assert client.get("/health").json() == {"ok": True}


def test_count_notes(client: TestClient) -> None:
    response = client.get("/notes/count")
    assert response.status_code == 200
    assert response.json() >= 0
