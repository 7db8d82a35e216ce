"""Calls that a test makes to see them fail, or whose function it has replaced."""

from __future__ import annotations

import ast

from .calls import spelled
from .flow import enclosing_withs
from .scopes import Block

_TRIES = ("raises", "assertRaises", "assertRaisesRegex", "patch")


def is_tried_out(call: ast.Call, block: Block) -> bool:
    """Does a test expect the error, or put something else in the creator's place?"""
    return any(
        isinstance(context, ast.Call) and spelled(context) in _TRIES
        for context in enclosing_withs(block, call)
    )
