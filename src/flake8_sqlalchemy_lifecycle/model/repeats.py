"""Order within a function: does something run again, and does it run after something else?"""

from __future__ import annotations

import ast

from .flow import are_exclusive, in_part, is_within, leaves, loops_around, position
from .scopes import Block


def is_repeated(block: Block, node: ast.AST) -> bool:
    """Does a loop run the node again: one that it does not leave behind it?"""
    for around in loops_around(block, node):
        if isinstance(around, ast.For | ast.While):
            statement = block.statement(node)
            if isinstance(statement, ast.Return) or _leaves_after(block, node, around):
                return False
        return True
    return False


def _leaves_after(block: Block, node: ast.AST, loop: ast.For | ast.While) -> bool:
    """Does any list of statements around the node, in the loop, end by leaving?"""
    for ancestor in block.ancestors(node):
        for field in ("body", "orelse", "finalbody"):
            if in_part(block, node, ancestor, field):
                statements = getattr(ancestor, field)
                if isinstance(statements, list) and leaves(statements):
                    last = statements[-1]
                    if not isinstance(last, ast.Continue):
                        return True
        if ancestor is loop:
            return False
    return False


def is_after(block: Block, earlier: ast.AST, later: ast.AST) -> bool:
    """Does the later node run after the earlier one in some run of the function, if all goes well?"""
    if position(earlier) >= position(later) or is_within(block, later, earlier):
        return False
    if are_exclusive(block, earlier, later):
        return False
    for ancestor in block.ancestors(later):
        if isinstance(ancestor, ast.ExceptHandler) and not is_within(block, earlier, ancestor):
            return False
    for ancestor in block.ancestors(earlier):
        if isinstance(ancestor, ast.Return):
            return False
        if isinstance(ancestor, ast.If | ast.Try | ast.ExceptHandler):
            for field in ("body", "orelse"):
                part = getattr(ancestor, field, [])
                if in_part(block, earlier, ancestor, field) and leaves(part):
                    if not in_part(block, later, ancestor, field):
                        return False
    return True
