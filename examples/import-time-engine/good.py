"""Members of a club: the engine is made when somebody asks for it."""

import os
from functools import cache

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

LEVELS = ("guest", "member", "board")


@cache
def club() -> sessionmaker[Session]:
    return sessionmaker(create_engine(os.environ["CLUB_DSN"], pool_pre_ping=True))


def names(level: str) -> list[str]:
    with club()() as session:
        found = session.scalars(text("select name from person where level = :l"), {"l": level})
        return list(found)
