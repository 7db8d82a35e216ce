"""Run the examples and show what they print: `python examples/run.py [RULE ...]`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed

try:
    import psycopg
    import stage
    from pairs import NotShownError, Pair, record, shown
    from rich import progress
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text
    from sqlalchemy.exc import ArgumentError

    from flake8_sqlalchemy_lifecycle import catalogue
    from flake8_sqlalchemy_lifecycle.symptoms import Symptom, recorded
except ModuleNotFoundError as missing:
    print(f"run.py: error: {missing}: pip install -e '.[examples]' first", file=sys.stderr)
    sys.exit(2)

_WIDTH = 160  # of a table that goes to a file
Result = Symptom | NotShownError


def main() -> int:
    """Run what was asked for; 0 if all of it printed what is expected, 1 if something did not, 2 for wrong usage."""
    parser = argparse.ArgumentParser(prog="run.py", description=__doc__)
    parser.add_argument("rules", nargs="*", metavar="RULE", help="a code or name; all without one")
    parser.add_argument("--record", action="store_true", help="renew what the rules' pages quote")
    asked = parser.parse_args()
    try:
        rules = sorted({catalogue.find(name).name for name in asked.rules}) or shown()
    except catalogue.UnknownRuleError as error:
        parser.error(str(error))
    if unshown := set(rules).difference(shown()):
        parser.error(f"no example of {', '.join(sorted(unshown))} prints a symptom")

    try:
        results = dict(_with_progress(rules))
    except (psycopg.OperationalError, ArgumentError) as error:
        parser.error(f"{stage.SERVER}: {error}")
    except KeyboardInterrupt:
        return 130
    symptoms = {rule: found for rule, found in results.items() if isinstance(found, Symptom)}
    _print_table(symptoms)
    for found in results.values():
        if isinstance(found, NotShownError):
            print(f"\n{found}", file=sys.stderr)
    if asked.record:
        kept = recorded() if asked.rules else {}
        record(kept | {catalogue.find(rule).code: found for rule, found in symptoms.items()})
    return int(len(symptoms) < len(rules))


def _with_progress(rules: list[str]) -> Iterator[tuple[str, Result]]:
    bar = progress.Progress(
        progress.TextColumn("{task.description:32}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with bar:
        task = bar.add_task("starting PostgreSQL", total=len(rules))
        for rule, result in run(rules):
            yield rule, result
            bar.update(task, advance=1, description=rule)


def run(rules: Iterable[str]) -> Iterator[tuple[str, Result]]:
    """Run the pairs of rules on one server, as many at a time as the processors can take."""
    pairs_at_once = ((os.cpu_count() or 1) + 1) // 2
    with stage.server() as url, ThreadPoolExecutor(pairs_at_once) as pool:
        os.environ[stage.SERVER] = url
        running = {pool.submit(Pair.of(rule).run): rule for rule in rules}
        try:
            for done in as_completed(running):
                try:
                    yield running[done], done.result()
                except NotShownError as error:
                    yield running[done], error
        finally:
            pool.shutdown(cancel_futures=True)


def _print_table(symptoms: dict[str, Symptom]) -> None:
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    table = Table("rule", "bad.py", "good.py", show_lines=True)
    codes = {rule.name: rule.code for rule in catalogue.rules()}
    for name in sorted(symptoms, key=codes.__getitem__):
        bad, good = symptoms[name]
        table.add_row(f"{codes[name]}\n{name}", Text(bad), Text(good))
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
