"""The walk over a function's statements."""

import ast
from pathlib import Path

from flake8_sqlalchemy_lifecycle.config import Config
from flake8_sqlalchemy_lifecycle.linter import Linter
from flake8_sqlalchemy_lifecycle.model.ways import Outcome, Walk, Watch, Way

Names = frozenset[str]


class Assigned(Watch[Names]):
    """Watches which names are assigned: a state more for each way through the branches."""

    def after(self, node: ast.AST, state: Names) -> Names:
        is_target = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        return state | {node.id} if is_target else state  # type: ignore[attr-defined]


def walked(folder: Path, branches: int) -> Outcome[Names]:
    (folder / ".git").mkdir()
    file = folder / "example.py"
    lines = [f"    if x: name_{number} = 1" for number in range(branches)]
    file.write_text("\n".join(["import sqlalchemy", "def f(x, session):", *lines]))
    model = Linter(Config()).model(str(file), file.read_text())
    assert model is not None
    (function,) = model.linted.functions()
    return Walk(function, Assigned()).out(frozenset())


def test_each_way_has_its_state(tmp_path: Path) -> None:
    names = {"name_0", "name_1"}
    assert walked(tmp_path, 2)[Way.NEXT] == {
        frozenset(),
        *map(frozenset, ({"name_0"}, {"name_1"}, names)),
    }


def test_too_many_ways_are_not_followed(tmp_path: Path) -> None:
    assert walked(tmp_path, 40) == {}  # else there were 2 ** 40
