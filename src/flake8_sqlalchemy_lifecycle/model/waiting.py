"""Where a function waits for what it started: for tasks, futures and threads, by the names that hold them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .flow import is_within, position
from .spelling import last_name

if TYPE_CHECKING:
    from .scopes import Block

_GATHERS = frozenset({"gather", "wait"})
_JOINS = frozenset({"join", "result", "exception", "get", "wait", "cancel"})


def awaited_at(block: Block, call: ast.Call) -> ast.AST | None:
    """Where the function waits for a task that it created by `call`; None where it never does."""
    parent = block.parents.get(call)
    if isinstance(parent, ast.Await):
        return None  # awaited at once
    gathering = _gathering(block, call)
    if gathering is not None:
        return gathering
    names = _holders(block, call)
    waits = [
        node
        for node in block.nodes
        if isinstance(node, ast.Await | ast.AsyncFor)
        and not is_within(block, call, node)
        and _mentions(_waited(node), names)
    ]
    later = [node for node in waits if position(node) > position(call)]
    if not later:
        # `await gather(*[create_task(…) …])`
        return next((a for a in block.ancestors(call) if isinstance(a, ast.Await)), None)
    return min(later, key=position)


def cancelled_at(block: Block, call: ast.Call) -> ast.AST | None:
    """Where the function cancels a task that it created by `call` and never waits for."""
    if isinstance(block.parents.get(call), ast.Await):
        return None
    names = _holders(block, call)
    for node in sorted(block.calls, key=position):
        match node.func:
            case ast.Attribute(value=owner, attr="cancel") if position(node) > position(call):
                if _mentions(owner, names):
                    return node
    return None


def _gathering(block: Block, call: ast.Call) -> ast.AST | None:
    """The `await gather(create_task(…), …)` that a task is made in."""
    for around in block.ancestors(call):
        if isinstance(around, ast.stmt):
            break
        if isinstance(around, ast.Await):
            gathers = isinstance(around.value, ast.Call) and last_name(around.value.func)
            return around if gathers in _GATHERS else None
    return None


def joined_at(block: Block, call: ast.Call) -> ast.AST | None:
    """Where the function waits for a thread or future that it created by `call`; None where it never does.

    That is the `call` itself where its result is asked for at once.
    """
    around = block.parents.get(call)
    if isinstance(around, ast.Attribute) and around.attr in _JOINS:
        return call
    names = _holders(block, call)
    later = [n for n in block.nodes if position(n) > position(call) and _joins(n, names)]
    return min(later, key=position, default=None)


def is_left_alone(block: Block, call: ast.Call) -> bool:
    """Does nobody here wait for the task that the call makes, and nobody else get it who would?"""
    if joined_at(block, call) is not None:
        return False
    inside: ast.AST = call
    for around in block.ancestors(call):
        match around:
            case ast.Expr() | ast.Assign() | ast.AnnAssign():
                return not _is_handed_out(block, _holders(block, call))
            case ast.Call(func=ast.Attribute(attr="append" | "add" | "add_done_callback")):
                pass
            case ast.Attribute(attr="add_done_callback") | ast.NamedExpr():
                pass
            case ast.ListComp() | ast.SetComp() if inside is around.elt:
                pass
            case _:
                return False
        inside = around
    return False


def is_returned(block: Block, call: ast.Call) -> bool:
    """Does the function return the task that the call makes, and not wait for it?"""
    if joined_at(block, call) is not None:
        return False
    names = _holders(block, call)
    return any(node is call or _mentions(node, names) for node in block.returns)


def _is_handed_out(block: Block, names: set[str]) -> bool:
    return any(_mentions(node, names) for node in (*block.returns, *block.yields))


def _joins(node: ast.AST, names: set[str]) -> bool:
    """Does the node wait for what one of the names holds? Who else gets it may do so too."""
    match node:
        case ast.Await(value=value) | ast.AsyncFor(iter=value):
            return _mentions(value, names)
        case ast.Call(func=ast.Attribute(value=owner, attr=attr)) if attr in _JOINS:
            return _mentions(owner, names)
        case ast.Call(func=ast.Attribute(value=ast.Name(id=owner))) if owner in names:
            return False
        case ast.Call(func=ast.Attribute(attr="append" | "add" | "extend")):
            return False
        case ast.Call(args=args):
            return any(_mentions(argument, names) for argument in args)
    return False


def _mentions(node: ast.AST, names: set[str]) -> bool:
    return any(isinstance(part, ast.Name) and part.id in names for part in ast.walk(node))


def _waited(node: ast.Await | ast.AsyncFor) -> ast.expr:
    return node.value if isinstance(node, ast.Await) else node.iter


def _holders(block: Block, call: ast.Call) -> set[str]:
    """The names that hold a task: its own, and those of containers that it is put into."""
    names: set[str] = set()
    for ancestor in block.ancestors(call):
        match ancestor:
            case ast.Assign(targets=targets):
                names |= {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.NamedExpr(target=ast.Name(id=name)):
                names.add(name)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append" | "add")):
                names.add(name)
            case ast.AugAssign(target=ast.Name(id=name)):
                names.add(name)
        if isinstance(ancestor, ast.stmt):
            break
    for other in block.nodes:  # put into a list later, looped over, renamed
        match other:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=owner), attr="append" | "add" | "extend"),
                args=[ast.Name(id=name)],
            ) if name in names:
                names.add(owner)
            case ast.Assign(targets=[ast.Name(id=owner)], value=value):
                if _mentions(value, names):
                    names.add(owner)
            case (
                ast.For(target=target, iter=source) | ast.comprehension(target=target, iter=source)
            ) if _mentions(source, names):
                names |= {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
    return names
