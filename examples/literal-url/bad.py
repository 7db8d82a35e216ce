"""A blog that tells everybody the password of its database.

It is in all copies of the code: in the repository and its history, and in what is shipped, even without the source.
"""

from functools import cache

from fastapi import FastAPI
from release import passwords_in_release
from sqlalchemy import Engine, create_engine, text

app = FastAPI()


@cache
def engine() -> Engine:
    return create_engine("postgresql+psycopg://blog:correct-horse@db/blog")  # LSA109


@app.get("/titles")
def read_titles() -> list[str]:
    with engine().connect() as connection:
        return list(connection.scalars(text("select title from posts")))


def main() -> None:
    print(f"passwords in the compiled app: {passwords_in_release(__file__)}")


if __name__ == "__main__":
    main()
