"""The same job: what is needed for a moment is disposed whatever happens, the rest is made once."""

from sqlalchemy import create_engine, text

WAREHOUSES = {
    "north": "postgresql+psycopg://stock@north/stock",
    "south": "postgresql+psycopg://stock@south/stock",
}
summary = create_engine("postgresql+psycopg://stock@centre/summary")


def count(name: str) -> int:
    engine = create_engine(WAREHOUSES[name])
    try:
        with engine.connect() as connection:
            return connection.scalar(text("select count(*) from item")) or 0
    finally:
        engine.dispose()


def summarise() -> None:
    counts = {name: count(name) for name in WAREHOUSES}
    with summary.begin() as connection:
        for name, number in counts.items():
            connection.execute(
                text("insert into total (name, number) values (:name, :number)"),
                {"name": name, "number": number},
            )
