"""A nightly job that leaves one pool for each warehouse behind, and one for the summary."""

from sqlalchemy import create_engine, text

WAREHOUSES = {
    "north": "postgresql+psycopg://stock@north/stock",
    "south": "postgresql+psycopg://stock@south/stock",
}
SUMMARY = "postgresql+psycopg://stock@centre/summary"


def count(name: str) -> int:
    engine = create_engine(WAREHOUSES[name])  # LSA102
    with engine.connect() as connection:
        return connection.scalar(text("select count(*) from item")) or 0


def summarise() -> None:
    counts = {name: count(name) for name in WAREHOUSES}
    engine = create_engine(SUMMARY)  # LSA102
    with engine.begin() as connection:
        for name, number in counts.items():
            connection.execute(
                text("insert into total (name, number) values (:name, :number)"),
                {"name": name, "number": number},
            )
    engine.dispose()
