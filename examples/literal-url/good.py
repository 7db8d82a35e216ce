"""A blog that is told by its environment where its databases are."""

import os

from sqlalchemy import create_engine, text
from sqlalchemy.orm import sessionmaker

engine = create_engine(os.environ["BLOG_DSN"], pool_pre_ping=True)
Blog = sessionmaker(engine)
archive = create_engine(os.environ["ARCHIVE_DSN"], pool_pre_ping=True)


def titles() -> list[str]:
    with Blog() as session:
        return list(session.scalars(text("select title from post")))


def old_titles() -> list[str]:
    with archive.connect() as connection:
        return list(connection.scalars(text("select title from post")))
