"""One file's fixes: what they are applied to, and what proves each of them."""

import ast
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import casebook
import libcst as cst
import pytest

from flake8_sqlalchemy_lifecycle import catalogue, fixes
from flake8_sqlalchemy_lifecycle.config import Config
from flake8_sqlalchemy_lifecycle.finding import Finding
from flake8_sqlalchemy_lifecycle.fixes.draft import Draft
from flake8_sqlalchemy_lifecycle.fixes.positions import Positions
from flake8_sqlalchemy_lifecycle.fixing import Fixed, Fixer
from flake8_sqlalchemy_lifecycle.linter import Linter


def test_the_rules_that_promise_a_fix_have_one() -> None:
    promised = {rule.code for rule in catalogue.rules() if rule.fix}
    assert set(fixes.FILES) == promised
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


# What proves a fix


BAD = """\
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession


async def save(session: AsyncSession, note: object) -> None:
    await session.add(note)  # the first
    await session.add(note)  # the second
"""
GOOD = BAD.replace("await ", "")


def fixed(folder: Path, text: str = BAD) -> Fixed:
    (folder / ".git").mkdir()
    (folder / "notes.py").write_text(text)
    linter = Linter(Config())
    return Fixer(linter, str(folder / "notes.py"), lambda _, found: found, {"LSA306"}).fix(text)


def reasons(result: Fixed) -> set[str]:
    return {left.reason for left in result.left}


def test_all_are_fixed_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    linted = []
    lint = Linter.lint

    def watched(linter: Linter, path: str, text: str) -> list[Finding]:
        linted.append(text)
        return lint(linter, path, text)

    monkeypatch.setattr(Linter, "lint", watched)
    assert fixed(tmp_path) == Fixed(GOOD, 2, ())
    assert linted == [BAD, GOOD]


def edit_with(change: Callable[[Draft, cst.Module], cst.Module]) -> fixes.Fix:
    """Make a fix that changes the whole file."""

    def fix(draft: Draft, finding: Finding) -> None:  # noqa: ARG001
        draft.change(draft.module, cst.Module, lambda module: change(draft, module))

    return fix


def appended(code: str) -> fixes.Fix:
    return edit_with(
        lambda draft, module: module.with_changes(body=[*module.body, draft.new(code)])
    )


def crash(draft: Draft, finding: Finding) -> None:  # noqa: ARG001
    raise ZeroDivisionError


def refuse(draft: Draft, finding: Finding) -> None:
    draft.remove(draft.at(finding.span, ast.Expr))
    raise fixes.CannotFix("for a reason")


@pytest.mark.parametrize(
    ("fix", "reason"),
    [
        (appended("x = 1"), "the finding would still be there"),
        (appended("return 1"), "the result would not compile"),
        (appended("e = create_engine('sqlite+aiosqlite://')"), "the fix would bring LSA105: "),
        (edit_with(lambda _, module: module.with_changes(body=[])), "would be lost"),
        (edit_with(lambda _, module: module), "there is nothing to change"),
        (crash, "the fix crashed with ZeroDivisionError, please report it"),
        (refuse, "for a reason"),
    ],
)
def test_a_fix_without_proof_is_left(
    fix: fixes.Fix, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fixes, "fix_for", lambda _: fix)
    result = fixed(tmp_path)
    assert (result.text, result.count, len(result.left)) == (BAD, 0, 2)
    assert all(reason in said for said in reasons(result))


def test_one_that_is_left_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = fixes.fix_for("LSA306")

    def fix(draft: Draft, finding: Finding) -> None:
        right(draft, finding)
        if finding.span.line == 6:
            raise fixes.CannotFix("not the first")

    monkeypatch.setattr(fixes, "fix_for", lambda _: fix)
    result = fixed(tmp_path)
    assert result.text == BAD.replace(
        "await session.add(note)  # the s", "session.add(note)  # the s"
    )
    assert (result.count, reasons(result)) == (1, {"not the first"})


def test_what_fails_together_is_tried_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = fixes.fix_for("LSA306")

    def fix(draft: Draft, finding: Finding) -> None:
        right(draft, finding)
        if finding.span.line == 7:
            draft.after(draft.at(finding.span, ast.Expr), "nonlocal x")

    monkeypatch.setattr(fixes, "fix_for", lambda _: fix)
    result = fixed(tmp_path)
    assert (result.count, reasons(result)) == (1, {"the result would not compile"})
