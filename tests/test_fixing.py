"""One file's fixes: what they are applied to, and what proves each of them."""

import subprocess
import sys
from pathlib import Path

import casebook
import pytest

from flake8_sqlalchemy_lifecycle import catalogue, fixes


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
