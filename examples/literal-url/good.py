"""A blog that is told by its environment where its database is, and how to get in."""

import os
from functools import cache

from fastapi import FastAPI
from release import passwords_in_release
from sqlalchemy import Engine, create_engine, text

app = FastAPI()


@cache
def engine() -> Engine:
    return create_engine(os.environ["BLOG_DSN"])


@app.get("/titles")
def read_titles() -> list[str]:
    with engine().connect() as connection:
        return list(connection.scalars(text("select title from posts")))


def main() -> None:
    print(f"passwords in the compiled app: {passwords_in_release(__file__)}")


if __name__ == "__main__":
    main()
