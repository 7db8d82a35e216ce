"""Drafts: the edits that fixes are made of, in files of all styles."""

import ast
from collections.abc import Callable
from pathlib import Path

import libcst as cst
import pytest

from flake8_sqlalchemy_lifecycle.config import Config
from flake8_sqlalchemy_lifecycle.fixes import CannotFix
from flake8_sqlalchemy_lifecycle.fixes.arguments import with_keyword, without_keyword
from flake8_sqlalchemy_lifecycle.fixes.blocks import under
from flake8_sqlalchemy_lifecycle.fixes.draft import Draft
from flake8_sqlalchemy_lifecycle.linter import Linter

WAKE = "# sqlalchemy create_engine\n"

Draw = Callable[[str], Draft]


@pytest.fixture
def draw(tmp_path: Path) -> Draw:
    """Make drafts of texts, in a project that has a package `app`."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").write_text("")
    (tmp_path / "app" / "db.py").write_text("")

    def draft(text: str) -> Draft:
        (tmp_path / "example.py").write_bytes(text.encode())
        model = Linter(Config()).model(str(tmp_path / "example.py"), text)
        assert model is not None
        return Draft(text, model)

    return draft


def first(draft: Draft, kind: type[ast.AST]) -> ast.AST:
    return next(node for node in ast.walk(draft.model.linted.tree) if isinstance(node, kind))


# imports


@pytest.mark.parametrize(
    ("text", "wanted", "name", "result"),
    [
        pytest.param("x = 1\n", "os.getcwd", "getcwd", "from os import getcwd\n\nx = 1\n", id="none"),
        pytest.param(
            '"""Doc."""\nx = 1\n', "os.getcwd", "getcwd",
            '"""Doc."""\n\nfrom os import getcwd\n\nx = 1\n', id="docstring",
        ),
        pytest.param("import os\n", "os.getcwd", "os.getcwd", "import os\n", id="module"),
        pytest.param("import os as o\n", "os.getcwd", "o.getcwd", "import os as o\n", id="module-as"),
        pytest.param(
            "from os import getcwd as here\n", "os.getcwd", "here",
            "from os import getcwd as here\n", id="name-as",
        ),
        pytest.param(
            "from os import chdir, path\n", "os.getcwd", "getcwd",
            "from os import chdir, getcwd, path\n", id="join-in-the-middle",
        ),
        pytest.param(
            "from os import (\n    chdir,\n)\n", "os.getcwd", "getcwd",
            "from os import (\n    chdir,\n    getcwd,\n)\n", id="join-at-the-end",
        ),
        pytest.param(
            "from os import path, chdir  # why\n", "os.getcwd", "getcwd",
            "from os import path, chdir, getcwd  # why\n", id="join-unsorted",
        ),
        pytest.param(
            "import ast\n\nimport fastapi\n", "os.getcwd", "getcwd",
            "import ast\nfrom os import getcwd\n\nimport fastapi\n", id="section",
        ),
        pytest.param(
            "# why\nimport fastapi\n", "os.getcwd", "getcwd",
            "# why\nfrom os import getcwd\n\nimport fastapi\n", id="section-above",
        ),
        pytest.param(
            "import ast\n\nimport fastapi\n\nfrom app import db\n", "sqlalchemy.text", "text",
            "import ast\n\nimport fastapi\nfrom sqlalchemy import text\n\nfrom app import db\n",
            id="section-between",
        ),
        pytest.param(
            "import fastapi\n", "app.db.engine", "engine",
            "import fastapi\n\nfrom app.db import engine\n", id="section-below",
        ),
        pytest.param(
            "from __future__ import annotations\nx = 1\n", "os.getcwd", "getcwd",
            "from __future__ import annotations\n\nfrom os import getcwd\nx = 1\n", id="future",
        ),
        pytest.param(
            "import os\r\nif x:\r\n    import y\r\n", "app.db.engine", "engine",
            "import os\r\n\r\nfrom app.db import engine\r\nif x:\r\n    import y\r\n", id="crlf",
        ),
        pytest.param(
            "def f():\n    import os\n", "sys.path", "path",
            "from sys import path\n\ndef f():\n    import os\n", id="local-import",
        ),
    ],
)  # fmt: skip
def test_imports(draw: Draw, text: str, wanted: str, name: str, result: str) -> None:
    end = WAKE.replace("\n", "\r\n") if "\r" in text else WAKE
    draft = draw(text + end)
    assert draft.imports.name(*wanted.rsplit(".", 1)) == name
    assert draft.imports.name(*wanted.rsplit(".", 1)) == name
    assert draft.result() == result + end


@pytest.mark.parametrize("text", ["getcwd = 1\n", "def f(getcwd): ...\n", "from x import getcwd\n"])
def test_a_name_of_something_else_is_not_imported(draw: Draw, text: str) -> None:
    with pytest.raises(CannotFix, match="getcwd is the name of something else"):
        draw(text + WAKE).imports.name("os", "getcwd")


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("import os\nimport ast\nast\n", "import ast\nast\n"),
        ("from os import path, getcwd as os\npath\n", "from os import path\npath\n"),
        ("import os\nx: 'os.PathLike'\n", None),
        ("import os\n__all__ = ['os']\n", None),
        ("import os  # loads it\n", None),
        ("def f():\n    import os\n", None),
    ],
)
def test_imports_that_are_unused_then_go(draw: Draw, text: str, result: str | None) -> None:
    draft = draw(text + WAKE)
    draft.imports.drop("os")
    assert draft.result() == (text if result is None else result) + WAKE


# statements


FUNCTION = """\
def f():
  if x:
    # why
    y = get(1,
            2)  # two
    '''long
 text'''
    return y
  z()
  # end
"""


def wrap(draft: Draft, compound: str, first: ast.AST, last: ast.AST) -> None:
    """Put neighbours in a block under a compound statement."""
    indent = draft.indent(draft.block(first))
    new = draft.new(compound)
    draft.rewrite(first, last, lambda statements: [under(new, statements, indent)])


def test_statements_are_wrapped_with_their_comments(draw: Draw) -> None:
    draft = draw(FUNCTION + WAKE)
    condition = first(draft, ast.If)
    assert isinstance(condition, ast.If)
    wrap(draft, "with get() as y:\n  pass\n", condition.body[0], condition.body[-1])
    wrap(draft, "try:\n  pass\nfinally:\n  z()\n", condition, condition)
    assert (
        draft.result()
        == """\
def f():
  try:
    if x:
      # why
      with get() as y:
        y = get(1,
                2)  # two
        '''long
 text'''
        return y
  finally:
    z()
  z()
  # end
"""
        + WAKE
    )


def test_statements_come_and_go(draw: Draw) -> None:
    draft = draw(FUNCTION + WAKE)
    condition = first(draft, ast.If)
    assert isinstance(condition, ast.If)
    draft.remove(condition.body[0])
    draft.before(condition.body[2], "a = 1", "b = 2")
    draft.after(condition, "for c in d:\n  c()")
    draft.replace(condition.test, draft.expression("not x"))
    assert (
        draft.result()
        == """\
def f():
  if not x:
    # why
    '''long
 text'''
    a = 1
    b = 2
    return y
  for c in d:
    c()
  z()
  # end
"""
        + WAKE
    )


def test_a_block_is_never_empty(draw: Draw) -> None:
    draft = draw("def f():\n\tx()\n" + WAKE)
    draft.remove(first(draft, ast.Expr))
    assert draft.result() == "def f():\n\tpass\n" + WAKE


@pytest.mark.parametrize("text", ["if x: f()\n", "a(); f()\n", "class A: f()\n"])
def test_a_statement_that_shares_its_line_is_refused(draw: Draw, text: str) -> None:
    draft = draw(text + WAKE)
    with pytest.raises(CannotFix, match="line"):
        draft.before(first(draft, ast.Call), "x()")


def test_two_changes_of_one_statement_are_refused(draw: Draw) -> None:
    draft = draw("x = f()\n" + WAKE)
    call = first(draft, ast.Call)
    wrap(draft, "with a:\n  pass\n", call, call)
    with pytest.raises(CannotFix, match="two changes"):
        wrap(draft, "with b:\n  pass\n", call, call)


def test_a_file_keeps_its_blank_end(draw: Draw) -> None:
    for end in ("", "\n", "\n\n \n", "\n   ", "  # c\n\t\n\n"):
        draft = draw(WAKE + "x" + end)
        draft.replace(first(draft, ast.Name), cst.Name("y"))
        assert draft.result() == WAKE + "y" + end


# arguments


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f()", "f(k=1)"),
        ("f( )", "f( k=1)"),
        ("f(a)", "f(a, k=1)"),
        ("f(a,)", "f(a, k=1,)"),
        ("f(a,b)", "f(a,b,k=1)"),
        ("f(*a, **b)", "f(*a, **b, k=1)"),
        ("f(\n    a,\n    b,  # b\n)", "f(\n    a,\n    b,  # b\n    k=1,\n)"),
        ("f(\n    a,\n    b  # b\n)", "f(\n    a,\n    b,  # b\n    k=1\n)"),
        ("f(\n    a\n)", "f(\n    a,\n    k=1\n)"),
        ("f(a,  # a\n  b)", "f(a,  # a\n  b,\n  k=1)"),
    ],
)
def test_a_keyword_is_added(before: str, after: str) -> None:
    call = cst.parse_expression(before)
    assert isinstance(call, cst.Call)
    assert cst.Module([]).code_for_node(with_keyword(call, "k", cst.Integer("1"))) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f(k=1)", "f()"),
        ("f(a, k=1)", "f(a)"),
        ("f(k=1, a=2)", "f(a=2)"),
        ("f(a, k=1, b=2)", "f(a, b=2)"),
        ("f(a, k=1,)", "f(a,)"),
        ("f(\n    a,  # a\n    k=1,\n)", "f(\n    a,  # a\n)"),
        ("f(\n    a,\n    k=1\n)", "f(\n    a\n)"),
        ("f(\n    k=1,\n    a=2\n)", "f(\n    a=2\n)"),
        ("f(\n    k=1,\n)", "f()"),
        ("f(  # why\n    k=1,\n)", "f(  # why\n)"),
    ],
)
def test_a_keyword_is_dropped(before: str, after: str) -> None:
    call = cst.parse_expression(before)
    assert isinstance(call, cst.Call)
    assert cst.Module([]).code_for_node(without_keyword(call, "k")) == after
