import logging

import pytest
from fastapi.testclient import TestClient
from stage import psql

ORDER = {"customer_id": 1, "isbn": "2", "copies": 3}


def test_welcomes_customers(client: TestClient) -> None:
    customer = client.post("/customers", json={"name": "Fanny"}).json()
    assert client.get(f"/customers/{customer['id']}").json()["customer"] == customer
    assert client.get("/customers/7").status_code == 404


def test_takes_orders(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="app.notifications"):
        placed = client.post("/orders", json=ORDER).json()
    assert caplog.messages == ["to Jane: your order 1 is on its way"]
    assert client.get("/customers/1").json()["orders"] == [ORDER | placed]


def test_cancels_orders(client: TestClient) -> None:
    placed = client.post("/orders", json=ORDER).json()
    assert client.delete(f"/orders/{placed['id']}").status_code == 204
    assert client.get("/customers/1").json()["orders"] == []
    assert psql("select event from audit") == ["order 1 is cancelled"]
