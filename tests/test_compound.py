"""Values that are made of others: compared by their parts, however deep they are."""

from pathlib import Path

from flake8_sqlalchemy_lifecycle.config import Config
from flake8_sqlalchemy_lifecycle.linter import Linter
from flake8_sqlalchemy_lifecycle.model.values import Coroutine, Elements, Generator, Items, Library

DEEP = 60  # without a memory, 2 ** 60 comparisons


def _deep(bottom: str) -> Items:
    value = Items((frozenset({Library(bottom)}),))
    for _ in range(DEEP):
        value = Items((frozenset({value}), frozenset({value, Elements(frozenset({value}))})))
    return value


def test_values_that_share_parts_are_compared_in_no_time() -> None:
    assert _deep("sqlalchemy.Engine") == _deep("sqlalchemy.Engine")
    assert _deep("sqlalchemy.Engine") != _deep("sqlalchemy.Session")


def test_the_kind_of_a_value_counts(tmp_path: Path) -> None:
    path = tmp_path / "app.py"
    text = "from sqlalchemy import create_engine\n"
    path.write_text(text)
    model = Linter(Config()).model(str(path), text)
    assert model is not None
    frame = model.frame(model.linted.block)
    assert Coroutine(frame) != Generator(frame)
    assert Coroutine(frame) == Coroutine(model.frame(model.linted.block))
