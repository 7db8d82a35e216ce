"""One file's fixes: what they are applied to, and what proves each of them."""

import ast
import subprocess
import sys
from pathlib import Path

import casebook
import libcst as cst
import pytest

from flake8_sqlalchemy_lifecycle import catalogue, fixes
from flake8_sqlalchemy_lifecycle.fixes.positions import Positions


def test_only_rules_that_promise_a_fix_have_one() -> None:
    promised = {rule.code for rule in catalogue.rules() if rule.fix}
    assert set(fixes.FILES) <= promised
    for code in fixes.FILES:
        assert fixes.fix_for(code).__doc__


@pytest.mark.parametrize("code", fixes.FILES)
def test_fixes_have_cases(code: str) -> None:
    cases = casebook.read_cases(casebook.CASES / f"{catalogue.find(code).name}.md")
    assert sum(bool(case.fixed) for case in cases) >= 6


def test_linting_imports_no_libcst() -> None:
    bad = Path(__file__).parent.parent / "examples" / "plain-method-awaited" / "bad.py"
    code = (
        "import sys\n"
        "from flake8_sqlalchemy_lifecycle.cli import main\n"
        f"assert main(['check', '-j1', {str(bad)!r}]) == 1\n"
        "print([name for name in sys.modules if 'libcst' in name or name.endswith('.fixes')])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")


def test_nodes_of_both_trees_find_each_other() -> None:
    text = """\
async def größe(ä, *args: int, key=(1, 'ü'), **more):
\tx = [(ä, b) for b in (c for c in args)]; y = ("ö" "é"), not -x[0].z(k=ä, **more)
\tasync with a() as b: return await b
@deco
class A(B, metaclass=M):
\ttry: from a import (b as c)
\texcept E as e: del e
\telse: yield from x or y or z
"""
    tree = ast.parse(text)
    lines = text.split("\n")
    positions = Positions(lines, tree, cst.parse_module(text))
    kinds = (ast.stmt, ast.expr, ast.keyword, ast.arg, ast.alias, ast.excepthandler)
    for node in ast.walk(tree):
        if isinstance(node, kinds):
            found = positions.cst_of(node)
            start, name = positions.range(found).start, getattr(node, "arg", None)
            if not isinstance(node, ast.Tuple | ast.GeneratorExp) and found.children and not name:
                column = len(lines[node.lineno - 1].encode()[: node.col_offset].decode())
                assert (start.line, start.column) == (node.lineno, column)
            assert type(positions.ast_of(found)) is type(node)
