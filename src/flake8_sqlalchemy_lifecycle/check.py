"""`sqlalchemy-lifecycle check`: flake8's own run, with this plugin alone.

Which files are read, what is silenced and how a finding is written are left to flake8's own code. What
is left out is its work for other plugins: to load them, and to cut every file into tokens and lines.
"""

import argparse
import configparser
import multiprocessing
import signal
import sys
from collections.abc import Sequence

from flake8.checker import FileChecker, Manager, Results
from flake8.exceptions import Flake8Exception
from flake8.main.application import Application
from flake8.plugins.finder import Checkers

from .check_options import UsageError, make_formatter, parse

CLEAN, FOUND, FAILED = 0, 1, 2


def check(arguments: Sequence[str]) -> int:
    """Lint what the arguments (flake8's, without the program's name) ask for; an exit status."""
    run = _Run()
    try:
        run.initialize(arguments)
        run.run_checks()
        run.report()
    except (Flake8Exception, UsageError, ValueError, configparser.Error) as error:
        problem = " ".join(str(error).split())
        print(f"sqlalchemy-lifecycle check: error: {problem}", file=sys.stderr)
        return FAILED
    if run.options is not None and run.options.count:
        print(run.result_count)
    return FAILED if run.catastrophic_failure else run.exit_code()


class _Run(Application):
    """flake8's application, but for the plugins it loads and how it asks them."""

    def initialize(self, argv: Sequence[str]) -> None:
        self.plugins, self.options = parse(argv)
        self.formatter = make_formatter(self.options)
        self.make_guide()
        self.make_file_checker_manager(argv)

    def make_file_checker_manager(self, argv: Sequence[str]) -> None:
        assert self.guide is not None
        assert self.plugins is not None
        self.file_checker_manager = _Files(self.guide, self.plugins.checkers, argv)


class _Files(Manager):
    """All files of a run, by one process or by several."""

    def run_serial(self) -> None:
        _start(self.plugins, self.options)
        self.results = [_check_file(name) for name in self.filenames]

    def run_parallel(self) -> None:
        try:
            pool = multiprocessing.Pool(self.jobs, _start_child, (self.plugins, self.options))
        except (ImportError, OSError):  # a system without semaphores, or one that has run out
            self.run_serial()
            return
        with pool:
            # In pieces of neighbours: what a process learns of a package serves the next file.
            self.results = pool.map(_check_file, self.filenames)


class _File(FileChecker):
    """One file: its text, and what `# noqa` says in it."""

    def run_ast_checks(self) -> None:
        for plugin in self.plugins.tree:
            # Without a tree: the project has one already if another file has imported this one.
            for line, column, text, _ in self.run_check(plugin, tree=None).run():
                self.report(None, line, column, text)

    def process_tokens(self) -> None:
        """Leave out what only other plugins ask for."""


_plugins: Checkers
_options: argparse.Namespace


def _start(plugins: Checkers, options: argparse.Namespace) -> None:
    global _plugins, _options
    _plugins, _options = plugins, options


def _start_child(plugins: Checkers, options: argparse.Namespace) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is told, and ends its children
    for plugin in plugins.tree:
        plugin.obj.parse_options(options)  # which a child that is not forked has never seen
    _start(plugins, options)


def _check_file(name: str) -> tuple[str, Results, dict[str, int]]:
    return _File(filename=name, plugins=_plugins, options=_options).run_checks()
