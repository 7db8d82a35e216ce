"""Nobody enters the client: the lifespan never runs, and the engine is never made."""

from fastapi.testclient import TestClient
from notes import app
from stage import brief


def test_count_notes() -> None:
    client = TestClient(app)  # LSA209
    response = client.get("/notes/count")
    assert response.status_code == 200
    assert response.json() == 0


def main() -> None:
    try:
        test_count_notes()
        print("test_count_notes: passed")
    except AttributeError as error:
        print(f"test_count_notes: {brief(error)}")


if __name__ == "__main__":
    main()
