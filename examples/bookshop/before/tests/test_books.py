from fastapi.testclient import TestClient

from app.main import app

client = TestClient(app)  # LSA209


def test_offers_books() -> None:
    assert client.get("/books").status_code == 200
