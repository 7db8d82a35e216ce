"""One file in, its findings out.

The linter asks as little as it can: most files hold none of the words that wake a rule, and cost a
few substring searches. Nothing that goes wrong in here may end the run.
"""

import ast
import gc
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from . import catalogue
from .catalogue import Rule
from .config import Config
from .finding import Finding, Span
from .model.inference import Model
from .model.places import is_script, is_test
from .model.project import Project, find_root

_SQLALCHEMY = ("sqlalchemy", "sqlmodel")


class Linter:
    """Lints the files of one run; what it learns of a project is kept for the next file."""

    def __init__(self, config: Config, rules: Iterable[Rule] | None = None) -> None:
        """Take the options, and the rules to choose from (all there are, unless given)."""
        self._config = config
        self._rules = tuple(
            rule
            for rule in (catalogue.rules() if rules is None else rules)
            if rule.default or rule.code in config.enable
        )
        self._without = tuple(rule for rule in self._rules if not rule.needs_sqlalchemy)
        self._words = _distinct(self._rules)
        self._words_without = _distinct(self._without)
        self._projects: dict[str, Project] = {}
        self._roots: dict[str, str] = {}

    def concerns(self, text: str) -> bool:
        """Tell whether any rule could find something in a file with this text."""
        return any(word in text for word in self._words)

    def lint(
        self, path: str, text: str | None = None, tree: ast.Module | None = None
    ) -> list[Finding]:
        """Return the findings in the file at `path`, sorted.

        `text` is an unsaved buffer, which wins over the file on disk. `tree` spares parsing where
        the caller has parsed that same text already.
        """
        if text is not None and not self.concerns(text):
            return []
        with _uncollected():
            return self._lint(os.path.abspath(path), text, tree)

    def _lint(self, path: str, text: str | None, tree: ast.Module | None) -> list[Finding]:
        try:
            model = self._model(path, text, tree)
            if model is None:
                return []
        except Exception as error:  # Whatever a file holds, flake8 goes on with the next one.
            return [_crash("the model", error)]
        found: set[Finding] = set()
        for rule in self._rules_for(model):
            model.begin_question()
            found.update(_ask(rule, model))
        return sorted(found, key=lambda finding: (finding.span, finding.code, finding.message))

    def model(self, path: str, text: str) -> Model | None:
        """Return what the unsaved `text` of a file means; None if it holds nothing for the rules."""
        return self._model(os.path.abspath(path), text)

    def edit(self, path: str, text: str) -> None:
        """Let the unsaved `text` stand for a file, for itself and for those that import it."""
        path = os.path.abspath(path)
        self._project(path).edit(path, text)

    def _model(self, path: str, text: str | None, tree: ast.Module | None = None) -> Model | None:
        project = self._project(path)
        if text is not None:
            project.edit(path, text)
        source = project.source(path)
        if source is None or project.is_installed(path):
            return None
        words = self._words if _reaches_sqlalchemy(project, path) else self._words_without
        if not any(word in source.text for word in words):
            return None
        module = project.module(path, tree)
        return None if module is None else Model(module)

    def _rules_for(self, model: Model) -> list[Rule]:
        project, path = model.project, model.linted.path
        reaches = _reaches_sqlalchemy(project, path)
        rules = self._rules if reaches else self._without
        if is_test(model.linted):
            rules = tuple(rule for rule in rules if rule.in_tests)
        text = model.linted.source.text
        each = " ".join(project.identifiers(path))  # each word once: there are many to look for
        present: dict[str, bool] = {}
        woken = []
        for rule in rules:
            for word in rule.wakes:
                there = present.get(word)
                if there is None:
                    there = present[word] = word in (each if word.isidentifier() else text)
                if there:
                    woken.append(rule)
                    break
        return woken

    def _project(self, path: str) -> Project:
        folder = os.path.dirname(path)
        root = self._roots.get(folder)
        if root is None:
            root = self._roots[folder] = find_root(path)
        project = self._projects.get(root)
        if project is None:
            project = self._projects[root] = Project(
                root, self._config.source_roots, self._config.target_versions
            )
        return project


def _distinct(rules: Iterable[Rule]) -> tuple[str, ...]:
    """The words on which the rules wake, the shortest first, without those that hold another one."""
    kept: list[str] = []
    for word in sorted({word for rule in rules for word in rule.wakes}, key=lambda w: (len(w), w)):
        if not any(shorter in word for shorter in kept):
            kept.append(word)
    return tuple(kept)


def _reaches_sqlalchemy(project: Project, path: str) -> bool:
    """Does the file, or what it imports, name SQLAlchemy?"""
    return project.closure_says(path, *_SQLALCHEMY)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector off what is remembered: it would walk all of it, many times, and find nothing.

    While a file is linted nothing is collected, and what is there afterwards is never looked at again, so that flake8's
    own work does not become slower the more trees there are. (Without it: half as long again on a large project.)
    """
    paused = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if paused:
            gc.enable()


def _ask(rule: Rule, model: Model) -> list[Finding]:
    try:
        found = rule.findings(model)
        if found and not rule.in_scripts and is_script(model):
            return []
        return found
    except Exception as error:
        return [_crash(f"{rule.code} ({rule.name})", error)]


def _crash(culprit: str, error: Exception) -> Finding:
    # Not the error's own text: it may hold paths and addresses, which differ from run to run.
    message = (
        f"{culprit} crashed on this file with {type(error).__name__}, "
        "please report it to flake8-sqlalchemy-lifecycle"
    )
    return Finding("LSA000", Span(1, 0), message)
