"""A blog that tells everybody the password of its database."""

from sqlalchemy import create_engine, text
from sqlalchemy.orm import sessionmaker

DATABASE = "postgresql+psycopg://blog:correct-horse@db.example.org/blog"  # LSA109

engine = create_engine(DATABASE, pool_pre_ping=True)
Blog = sessionmaker(engine)
archive = create_engine("postgresql+psycopg://archive/blog", pool_pre_ping=True)  # LSA109


def titles() -> list[str]:
    with Blog() as session:
        return list(session.scalars(text("select title from post")))


def old_titles() -> list[str]:
    with archive.connect() as connection:
        return list(connection.scalars(text("select title from post")))
