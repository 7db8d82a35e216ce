"""Members of a club: to import their names, one needs the club's database."""

import os

from sqlalchemy import create_engine, text
from sqlalchemy.orm import sessionmaker

engine = create_engine(os.environ["CLUB_DSN"], pool_pre_ping=True)  # LSA103
Club = sessionmaker(engine)

LEVELS = ("guest", "member", "board")


def names(level: str) -> list[str]:
    with Club() as session:
        found = session.scalars(text("select name from person where level = :l"), {"l": level})
        return list(found)
