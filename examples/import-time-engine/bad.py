"""The engine is made when the tasks are imported.

A test that asks for another database comes too late: it writes to the one of the default settings.
"""

from celery import shared_task
from settings import PRODUCTION, TEST, count_members, settings
from sqlalchemy import create_engine, text

engine = create_engine(settings.database_url)  # LSA103


@shared_task
def add_member(name: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("insert into members values (:n)"), {"n": name})


def test_add_member() -> None:
    settings.database_url = TEST
    add_member("Ann")


def main() -> None:
    test_add_member()
    test, production = count_members(TEST), count_members(PRODUCTION)
    print(f"the test added a member: {test} to its own database, {production} to production")


if __name__ == "__main__":
    main()
