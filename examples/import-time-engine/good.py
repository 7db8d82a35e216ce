"""The engine is made when a task needs it, by the settings of that moment."""

from functools import cache

from celery import shared_task
from settings import PRODUCTION, TEST, count_members, settings
from sqlalchemy import Engine, create_engine, text


@cache
def engine() -> Engine:
    return create_engine(settings.database_url)


@shared_task
def add_member(name: str) -> None:
    with engine().begin() as connection:
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
