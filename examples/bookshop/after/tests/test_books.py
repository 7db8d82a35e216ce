from fastapi.testclient import TestClient
from stage import psql

from app import worker


def test_offers_the_cheapest(client: TestClient) -> None:
    assert [book["title"] for book in client.get("/books").json()] == ["Sanditon", "Emma"]


def test_tells_the_stock(client: TestClient) -> None:
    assert client.get("/books/1").json()["copies"] == 3
    assert client.get("/books/2").json()["copies"] == 0
    assert client.get("/books/3").status_code == 404


def test_imports_what_is_new(client: TestClient) -> None:
    emma = {"isbn": "1", "title": "Emma", "price": 1}
    new = {"isbn": "3", "title": "Persuasion", "price": 7}
    assert client.post("/books/import", json=[emma, new]).json() == {"added": 1}
    assert psql("select price from books order by isbn") == [9, 5, 7]


def test_queues_a_new_price(client: TestClient) -> None:
    assert client.put("/books/1/price?price=12").status_code == 202


def test_worker_changes_prices() -> None:
    worker.reprice("1", 12)
    worker.reprice("2", 13)
    assert psql("select price from books order by isbn") == [12, 13]
