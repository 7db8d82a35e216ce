"""Values that are made of others: compared by their parts, and carried out of calls, however deep they are."""

import subprocess
import sys
from pathlib import Path

from flake8_sqlalchemy_lifecycle.config import Config
from flake8_sqlalchemy_lifecycle.linter import Linter
from flake8_sqlalchemy_lifecycle.model.values import Coroutine, Elements, Generator, Items, Library

DEEP = 60  # without a memory, 2 ** 60 comparisons or copies


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


def test_objects_that_share_parts_are_linted_in_no_time(tmp_path: Path) -> None:
    doubling = "".join(f"    node = node_{i} = Node(node, node)\n" for i in range(DEEP))
    (tmp_path / "app.py").write_text(
        "from sqlalchemy import create_engine\n"
        "from sqlalchemy.orm import Session\n\n"
        "engine = create_engine('postgresql://db/app')\n\n\n"
        "class Node:\n"
        "    def __init__(self, left, right):\n"
        "        self.left = left\n"
        "        self.right = right\n\n\n"
        f"def grow(node):\n{doubling}    return node\n\n\n"
        "def make():\n"
        "    return grow(Session(engine))\n\n\n"
        "def run():\n"
        "    one, two = make(), make()\n"
        "    one.left.execute('select 1')\n"
        "    return grow(one) == grow(two)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "flake8_sqlalchemy_lifecycle", "check", "."],
        cwd=tmp_path,
        timeout=60,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
