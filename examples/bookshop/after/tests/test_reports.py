import pytest
from fastapi.testclient import TestClient
from stage import psql

from app import export


def test_reports_sales(client: TestClient, capsys: pytest.CaptureFixture[str]) -> None:
    for isbn, copies in (("1", 2), ("2", 3)):
        client.post("/orders", json={"customer_id": 1, "isbn": isbn, "copies": copies})
    [month] = psql("select extract(month from now())::int")
    assert client.get(f"/reports/sales/{month}").json() == 5
    assert client.get("/reports/bestsellers").json() == ["Sanditon", "Emma"]
    export.main()
    assert capsys.readouterr().out == f"{month:02}: 5\n"
