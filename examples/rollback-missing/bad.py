"""One tag that is there already, and the tags behind it are not stored either.

sqlalchemy.exc.PendingRollbackError: This Session's transaction has been rolled back due to a previous exception
during flush.
"""

from sqlalchemy import create_engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

engine = create_engine("sqlite:///:memory:")
maker = sessionmaker(engine)


class Base(DeclarativeBase):
    pass


class Tag(Base):
    __tablename__ = "tag"

    name: Mapped[str] = mapped_column(primary_key=True)


def load(names: list[str]) -> int:
    stored = 0
    with maker() as session:
        for name in names:
            try:
                session.add(Tag(name=name))
                session.commit()
            except IntegrityError:  # LSA308
                continue
            stored += 1
    return stored


if __name__ == "__main__":
    Base.metadata.create_all(engine)
    load(["red", "green"])
    load(["red", "blue"])
