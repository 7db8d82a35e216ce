"""The options of `sqlalchemy-lifecycle check` and `fix`: those of flake8, read as flake8 reads them."""

import argparse
import json
import os
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import EntryPoint

import flake8
from flake8.formatting.base import BaseFormatter
from flake8.formatting.default import Default, FilenameOnly, Nothing
from flake8.main.options import register_default_options, stage1_arg_parser
from flake8.options.aggregator import aggregate_options
from flake8.options.config import load_config
from flake8.options.manager import OptionManager
from flake8.plugins import finder
from flake8.violation import Violation

from . import __version__, catalogue
from .plugin import Plugin

FAMILY = "LSA"


class UsageError(ValueError):
    """What was asked for cannot be done. Its text is one line, made for the user."""


def add_to_check(parser: argparse.ArgumentParser) -> None:
    """Make a parser that of `check`."""
    parser.prog = "sqlalchemy-lifecycle check"
    parser.description = (
        "Find what flake8 would find with this plugin alone. The options are flake8's, and its "
        "configuration files count."
    )


def add_to_fix(parser: argparse.ArgumentParser) -> None:
    """Make a parser that of `fix`."""
    parser.prog = "sqlalchemy-lifecycle fix"
    parser.description = (
        "Fix what `sqlalchemy-lifecycle check` finds. What is read, selected and ignored is said by "
        "flake8's options and configuration files."
    )
    fixes = parser.add_argument_group("fixes")
    fixes.add_argument("--unsafe", action="store_true", help="apply the unsafe fixes as well")
    fixes.add_argument("--diff", action="store_true", help="show the changes and write nothing")
    fixes.add_argument(
        "--check", action="store_true", help="write and say nothing: the exit status tells"
    )


def parse(
    arguments: Sequence[str], add: Callable[[argparse.ArgumentParser], None] = add_to_check
) -> tuple[finder.Plugins, argparse.Namespace]:
    """Read the command line and flake8's configuration files, knowing no plugin but ours.

    `add` makes the parser that of a command.

    `select` matters where it names rules of ours; without one, all default rules are asked. The
    configured `format` is flake8's matter.
    """
    first = stage1_arg_parser()
    early, rest = first.parse_known_args(arguments)
    if early.output_file:
        rest += ["--output-file", early.output_file]
    flake8.configure_logging(early.verbose, early.output_file)
    plugins = _plugins()
    manager = _option_manager(first, plugins)
    add(manager.parser)
    named = manager.parse_args(rest)
    _check(named)
    configuration = load_config(early.config, early.append_config, isolated=early.isolated)
    options = aggregate_options(manager, *configuration, rest)
    options.format = named.format
    _narrow(options)
    if os.environ.get("NO_COLOR") and options.color == "auto":
        options.color = "never"
    Plugin.parse_options(options)
    return plugins, options


def _plugins() -> finder.Plugins:
    entry_point = EntryPoint(FAMILY, f"{Plugin.__module__}:{Plugin.__name__}", "flake8.extension")
    plugin = finder.Plugin(Plugin.name, __version__, entry_point)
    return finder.load_plugins([plugin], finder.PluginOptions.blank())


def _option_manager(first: argparse.ArgumentParser, plugins: finder.Plugins) -> OptionManager:
    manager = OptionManager(
        version=flake8.__version__,
        plugin_versions=plugins.versions_str(),
        parents=[first],
        formatter_names=["json", "text"],
    )
    manager.parser.usage = "%(prog)s [options] [path ...]"
    register_default_options(manager)
    manager.register_plugins(plugins)
    return manager


def _check(named: argparse.Namespace) -> None:
    """Refuse what the command line names and nothing is called."""
    for path in named.filenames:
        if path != "-" and not os.path.lexists(path):
            raise UsageError(f"there is no file or directory {path!r}")
    if named.format not in ("default", "json", "text") and "%" not in named.format:
        raise UsageError(f"--format: {named.format!r} is neither text nor json")
    codes = ["LSA000", *(rule.code for rule in catalogue.rules())]
    for option in ("select", "extend_select", "ignore", "extend_ignore"):
        for prefix in _ours(getattr(named, option) or ()):
            if not any(code.startswith(prefix) for code in codes):
                try:
                    catalogue.find(prefix)
                except catalogue.UnknownRuleError as error:
                    raise UsageError(f"--{option.replace('_', '-')}: {error}") from None


def _narrow(options: argparse.Namespace) -> None:
    select, extend = _ours(options.select or ()), _ours(options.extend_select or ())
    options.extend_select = extend
    # A list for other plugins is no wish to see nothing of this one.
    options.select = select if options.select is not None and (select or extend) else None


def _ours(prefixes: Iterable[str]) -> list[str]:
    return [prefix for prefix in prefixes if prefix.startswith(FAMILY) or FAMILY.startswith(prefix)]


def make_formatter(options: argparse.Namespace) -> BaseFormatter:
    """Choose what writes the findings."""
    if options.quiet:
        return FilenameOnly(options) if options.quiet == 1 else Nothing(options)
    if options.format == "json":
        return Json(options)
    if options.format == "text":
        options.format = "default"
    return Default(options)


class Json(BaseFormatter):
    """Writes all findings as one JSON array of objects, an object a line."""

    def after_init(self) -> None:
        """Begin without findings."""
        self._objects: list[str] = []
        self._rules = {rule.code: rule for rule in catalogue.rules()}

    def handle(self, error: Violation) -> None:
        """Take a finding; it is written when all are known."""
        rule = self._rules.get(error.code)  # none for LSA000
        shown = {
            "path": error.filename,
            "line": error.line_number,
            "column": error.column_number,
            "code": error.code,
            "name": rule.name if rule else None,
            "message": error.text,
            "url": rule.url if rule else None,
        }
        self._objects.append(json.dumps(shown))

    def stop(self) -> None:
        """Write the array."""
        self._write("[\n  " + ",\n  ".join(self._objects) + "\n]" if self._objects else "[]")
        super().stop()
