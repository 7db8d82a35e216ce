"""flake8's door: options in, findings out as the tuples that flake8 expects."""

import argparse
import ast
from collections.abc import Iterator
from typing import ClassVar

from flake8.exceptions import ExecutionError
from flake8.options.manager import OptionManager

from . import __version__, config
from .linter import Linter
from .model.project import find_root


class Plugin:
    """Made by flake8 once a file; all files of a process share one linter."""

    name = "flake8-sqlalchemy-lifecycle"
    version = __version__

    _linter: ClassVar[Linter]
    _buffer: ClassVar[str | None]  # the name of the file that comes through stdin

    def __init__(self, tree: ast.Module | None, filename: str, lines: list[str]) -> None:
        self._tree = tree
        self._filename = filename
        self._lines = lines

    @staticmethod
    def add_options(manager: OptionManager) -> None:
        """Declare the plugin's options, for the command line and flake8's configuration files."""
        manager.add_option(
            "--lsa-enable",
            metavar="CODES",
            default="",
            parse_from_config=True,
            comma_separated_list=True,
            help="Opt-in rules to report as well: codes or names, separated by commas",
        )
        manager.add_option(
            "--lsa-source-roots",
            metavar="DIRS",
            default="",
            parse_from_config=True,
            comma_separated_list=True,
            help="Directories, relative to the project root, that imports start from "
            "where the files' own places do not tell, separated by commas",
        )
        manager.add_option(
            "--lsa-target-versions",
            metavar="SPECS",
            default="",
            parse_from_config=True,
            help="Versions of the libraries that the code runs with, such as "
            "fastapi>=0.110,sqlalchemy>=2.0 (default: what the project declares)",
        )

    @classmethod
    def parse_options(cls, options: argparse.Namespace) -> None:
        """Make the linter from flake8's options; a wrong value ends flake8 with a clear line."""
        try:
            cls._linter = Linter(configuration(options))
        except config.ConfigError as error:
            raise ExecutionError(str(error)) from error
        cls._buffer = options.stdin_display_name if "-" in options.filenames else None

    def run(self) -> Iterator[tuple[int, int, str, type["Plugin"]]]:
        """Yield line, column and text of each finding in the file."""
        text = "".join(self._lines)
        if not self._linter.concerns(text):
            return
        # The model reads from the disk what other files may import; the rest only flake8 can tell.
        given = self._filename == self._buffer or not self._filename.endswith(".py")
        for finding in self._linter.lint(self._filename, text if given else None, self._tree):
            line, column = finding.span.line, finding.span.column
            if not text.isascii():  # flake8 counts characters, where ast counts bytes
                column = len(self._lines[line - 1].encode()[:column].decode())
            yield line, column, f"{finding.code} {finding.message}", type(self)


def configuration(options: argparse.Namespace) -> config.Config:
    """What flake8's options say to the linter."""
    # `select` and `extend_select` hold prefixes: only a whole code asks for an opt-in rule.
    selected = {*(options.select or ()), *(options.extend_select or ())}
    roots = (find_root(name) for name in options.filenames or ["."])
    return config.Config(
        enable=config.enabled_rules(options.lsa_enable) | selected,
        source_roots=config.source_roots(options.lsa_source_roots, roots),
        target_versions=config.target_versions(options.lsa_target_versions),
    )
