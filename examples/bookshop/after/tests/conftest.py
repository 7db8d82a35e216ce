import os
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, insert
from stage import database_url, psql

os.environ["DATABASE_URL"] = os.environ["WAREHOUSE_URL"] = database_url("asyncpg")
os.environ["REPORTS_URL"] = database_url()
os.environ["BROKER_URL"] = "memory://"
os.environ["RESULTS_URL"] = "cache+memory://"

from app.main import app
from app.models import Base, Book, Customer


@pytest.fixture(autouse=True)
def shop() -> Iterator[None]:
    """Set up a shop with two books and a customer."""
    engine = create_engine(database_url())
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(insert(Book).values(isbn="1", title="Emma", price=9))
        connection.execute(insert(Book).values(isbn="2", title="Sanditon", price=5))
        connection.execute(insert(Customer).values(name="Jane"))
    psql("create table stock (isbn text, copies int); insert into stock values ('1', 3)")
    yield
    Base.metadata.drop_all(engine)
    engine.dispose()
    psql("drop table stock")


@pytest.fixture
def client() -> Iterator[TestClient]:
    """Start the app, and stop it after the test."""
    with TestClient(app) as client:
        yield client
