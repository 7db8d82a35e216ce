"""The command's door: `sqlalchemy-lifecycle check`, `fix`, `rules` and `explain`."""

import argparse
import contextlib
import io
import json
import os
import sys
import traceback
from collections.abc import Callable, Sequence

from . import __version__, catalogue, terminal
from .catalogue import Rule

DONE, FOUND, FAILED = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 for all well, 1 for findings, 2 for wrong usage and errors of ours."""
    arguments = sys.argv[1:] if arguments is None else arguments
    _open_streams()
    runs = {"check": _check, "fix": _fix}
    run = runs.get(arguments[0]) if arguments else None
    try:
        try:
            return run(arguments[1:]) if run else _answer(arguments)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has seen enough
        _close_stdout()
        return FOUND if run else DONE
    except OSError as error:
        _close_stdout()
        return _fail(str(error))
    except Exception:
        traceback.print_exc()
        return _fail("this should not happen, please report it")


def _open_streams() -> None:
    """Make sure that there are streams, and that they take every character."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the caller
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _close_stdout() -> None:
    # Python flushes it once more at the end, and would fail once more.
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(problem: str) -> int:
    print(f"sqlalchemy-lifecycle: error: {problem}", file=sys.stderr)
    return FAILED


def _check(arguments: Sequence[str]) -> int:
    from .check import check  # flake8 takes a while to import

    return check(arguments)


def _fix(arguments: Sequence[str]) -> int:
    from .fix import fix

    return fix(arguments)


def _answer(arguments: Sequence[str]) -> int:
    parser = _parser()
    asked = parser.parse_args(arguments)
    if asked.command == "rules":
        print(FORMATS[asked.format](catalogue.rules()), end="")
        return DONE
    if asked.all == bool(asked.rules):
        parser.error("explain: name rules, or --all")
    try:
        rules = catalogue.rules() if asked.all else [catalogue.find(name) for name in asked.rules]
    except catalogue.UnknownRuleError as error:
        return _fail(str(error))
    look = terminal.look_of(sys.stdout)
    print("\n\n".join(terminal.page(rule, look) for rule in rules))
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sqlalchemy-lifecycle",
        description="Find misused SQLAlchemy engines and sessions, and the application lifecycle "
        "that owns them.",
        epilog="exit status: 0 clean, 1 findings, 2 wrong usage or an error of this command",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    commands.add_parser("check", help="find what flake8 would find with this plugin alone")
    commands.add_parser("fix", help="fix what `check` finds, where that can be done")
    rules = commands.add_parser("rules", help="list the rules")
    rules.add_argument("--format", choices=tuple(FORMATS), default="table")
    explain = commands.add_parser("explain", help="show the pages of rules")
    explain.add_argument("rules", nargs="*", metavar="RULE", help="a code or name, such as LSA402")
    explain.add_argument("--all", action="store_true", help="every rule there is")
    return parser


def _table(rules: Sequence[Rule]) -> str:
    width = max(len(rule.name) for rule in rules)
    return "".join(
        f"{rule.code}  {rule.name:{width}}  {'on    ' if rule.default else 'opt-in'}  {rule.summary}\n"
        for rule in rules
    )


def _json(rules: Sequence[Rule]) -> str:
    described = [
        {
            "code": rule.code,
            "name": rule.name,
            "family": rule.family,
            "default": rule.default,
            "fix": rule.fix,
            "frameworks": rule.frameworks,
            "summary": rule.summary,
            "url": rule.url,
        }
        for rule in rules
    ]
    return json.dumps(described, indent=2) + "\n"


FORMATS: dict[str, Callable[[Sequence[Rule]], str]] = {
    "table": _table,
    "json": _json,
    "markdown": catalogue.table,
}
