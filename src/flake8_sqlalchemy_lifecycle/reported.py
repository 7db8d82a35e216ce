"""Which findings flake8 reports, by its own code: selection, `per-file-ignores` and `# noqa` count."""

from __future__ import annotations

import argparse
import io

from flake8.checker import FileChecker
from flake8.formatting.default import Nothing
from flake8.plugins.finder import Checkers
from flake8.processor import FileProcessor
from flake8.style_guide import StyleGuideManager

from .finding import Finding


class Reported:
    """Picks findings as flake8's options say."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._guide = StyleGuideManager(options, Nothing(options))

    def of(self, path: str, text: str, findings: list[Finding]) -> list[Finding]:
        """Those of the findings in a file of this text that are reported."""
        if not findings:
            return []
        checker = _Text(path, text, findings, self._options)
        _, results, _ = checker.run_checks()
        return [
            finding
            for finding, (code, line, column, said, source) in zip(findings, results, strict=False)
            if self._guide.handle_error(code, path, line, column, said, source)
        ]


class _Text(FileChecker):
    """A text that stands for a file, and what was found in it; a file that is exempt gives nothing."""

    def __init__(
        self, path: str, text: str, findings: list[Finding], options: argparse.Namespace
    ) -> None:
        self._lines = [*io.StringIO(text, newline=None)]
        self._findings = findings
        super().__init__(filename=path, plugins=Checkers([], [], []), options=options)

    def _make_processor(self) -> FileProcessor:
        return FileProcessor(self.filename, self.options, self._lines)

    def run_ast_checks(self) -> None:
        for finding in self._findings:
            self.report(finding.code, finding.span.line, finding.span.column, finding.message)

    def process_tokens(self) -> None:
        """Nothing is left to be found."""
