"""A tag that is there already is passed over, but not what it left behind: the session takes nothing more."""

from sqlalchemy import create_engine
from sqlalchemy.exc import IntegrityError, PendingRollbackError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker
from stage import brief, database_url

engine = create_engine(database_url("pysqlite"))
SessionLocal = sessionmaker(engine)


class Base(DeclarativeBase):
    pass


class Tag(Base):
    __tablename__ = "tags"

    name: Mapped[str] = mapped_column(primary_key=True)


def load(names: list[str]) -> None:
    with SessionLocal() as session:
        for name in names:
            try:
                session.add(Tag(name=name))
                session.commit()
            except IntegrityError:  # LSA308
                continue


def main() -> None:
    Base.metadata.create_all(engine)
    load(["red"])
    try:
        load(["red", "green", "blue"])
        print("red, green, blue: loaded")
    except PendingRollbackError as error:
        print(f"red, green, blue: {brief(error)}")


if __name__ == "__main__":
    main()
