"""Edits of a file's tree: noted one by one, then made in one walk from the leaves up.

A change is a function of a node as the edits below it left it. So edits of a statement and of what stands in it
do not know of each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeAlias

import libcst as cst

from . import CannotFix

Statement: TypeAlias = cst.SimpleStatementLine | cst.BaseCompoundStatement
Block: TypeAlias = cst.Module | cst.IndentedBlock
Change: TypeAlias = Callable[[cst.CSTNode], cst.CSTNode]
Rewrite: TypeAlias = Callable[[Sequence[Statement]], Sequence[Statement]]


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbours in one block, and what takes their place."""

    first: int
    last: int
    rewrite: Rewrite


@dataclass(slots=True)
class _Plan:
    """What happens to the statements of one block."""

    runs: list[_Run] = field(default_factory=list)
    before: dict[int, list[Statement]] = field(default_factory=dict)
    after: dict[int, list[Statement]] = field(default_factory=dict)

    def carried_out(self, statements: Sequence[Statement]) -> list[Statement]:
        groups = [
            [*self.before.get(index, ()), statement, *self.after.get(index, ())]
            for index, statement in enumerate(statements)
        ]
        body: list[Statement] = []
        done = 0
        for run in sorted(self.runs, key=lambda run: run.first):
            body += chain(*groups[done : run.first])
            body += run.rewrite([*chain(*groups[run.first : run.last + 1])])
            done = run.last + 1
        return [*body, *chain(*groups[done:])]


class Edits(cst.CSTTransformer):
    """The edits of one file."""

    def __init__(self) -> None:
        super().__init__()
        self._changes: dict[cst.CSTNode, list[Change]] = {}
        self._plans: dict[cst.CSTNode, _Plan] = {}

    def change(self, node: cst.CSTNode, change: Change) -> None:
        """Note a change of one node; of several, the first is made first."""
        self._changes.setdefault(node, []).append(change)

    def rewrite(self, block: Block, first: int, last: int, rewrite: Rewrite) -> None:
        """Note what takes the place of the statements `first` to `last` of a block."""
        plan = self._plans.setdefault(block, _Plan())
        if any(first <= run.last and run.first <= last for run in plan.runs):
            raise CannotFix("two changes would meet in the same statement")
        plan.runs.append(_Run(first, last, rewrite))

    def insert(self, block: Block, index: int, new: Sequence[Statement], *, after: bool) -> None:
        """Note statements to put before or after one of a block; later ones follow earlier ones."""
        plan = self._plans.setdefault(block, _Plan())
        (plan.after if after else plan.before).setdefault(index, []).extend(new)

    def on_leave(  # type: ignore[override]
        self, original_node: cst.CSTNode, updated_node: cst.CSTNode
    ) -> cst.CSTNode:
        """Make the edits that were noted for a node."""
        updated = updated_node
        plan = self._plans.get(original_node)
        if plan is not None:
            statements: Sequence[Statement] = updated.body  # type: ignore[attr-defined]
            updated = updated.with_changes(body=plan.carried_out(statements))
        for change in self._changes.get(original_node, ()):
            updated = change(updated)
        return updated
