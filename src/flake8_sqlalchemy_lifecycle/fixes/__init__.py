"""Fixes: which file mends the findings of which rule.

The files in here are the only ones that import LibCST, so nothing here may be imported while linting; this
file imports none of them before a fix is asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from ..finding import Finding

if TYPE_CHECKING:
    from .draft import Draft

Fix: TypeAlias = "Callable[[Draft, Finding], None]"

FILES = {
    "LSA102": "disposed_after",
    "LSA105": "drivers",
    "LSA106": "pool_arguments",
    "LSA107": "awaited_disposals",
    "LSA108": "keywords",
    "LSA201": "events_to_lifespan",
    "LSA202": "events_to_lifespan",
    "LSA203": "added_disposals",
    "LSA204": "guarded_disposals",
    "LSA205": "wired_lifespan",
    "LSA206": "lifespan_shape",
    "LSA302": "sessions_under_with",
    "LSA303": "sessions_under_with",
    "LSA305": "awaited_calls",
    "LSA306": "plain_calls",
    "LSA308": "rolled_back",
    "LSA310": "keywords",
    "LSA312": "sessions_under_with",
    "LSA502": "forgotten_pools",
    "LSA504": "close_false",
}
"""The file whose function `fix` mends the findings of a rule, by the rule's code."""

TOGETHER = {
    "LSA105",
    "LSA106",
    "LSA107",
    "LSA108",
    "LSA305",
    "LSA306",
    "LSA308",
    "LSA310",
    "LSA504",
}
"""The rules whose fix mends one finding and leaves the others': many of a file are then mended, and proven, at once."""


class CannotFix(Exception):  # noqa: N818
    """The finding is left as it is. The text is the reason, in a line made for the user."""


def fix_for(code: str) -> Fix:
    """Import the function that mends the findings of a rule."""
    module = importlib.import_module(f".{FILES[code]}", __name__)
    fix: Fix = module.fix
    return fix
