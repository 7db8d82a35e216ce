"""LSA502: a forked child forgets the connections of its parent before it does anything else."""

from __future__ import annotations

import ast

from ..finding import Finding
from ..model import attributes, calls
from ..model.bindings import Assigned
from ..model.disposal import is_same
from ..model.forks import Fork, forks
from ..model.inheritance import Touch
from ..model.knowledge import Kind
from ..model.scopes import Block
from ..model.shared_pools import shared_engine
from ..model.values import Made
from . import CannotFix
from .draft import Draft
from .mentions import refuse_mentions
from .positions import is_at


def fix(draft: Draft, finding: Finding) -> None:
    """Put `engine.dispose(close=False)` above what the child does."""
    for fork in forks(draft.model):
        if is_at(fork.call, finding.span):
            shared = shared_engine(draft.model, fork)
            if shared is not None:
                _forget(draft, fork, *shared)
                return
    raise CannotFix("the fork is not found again")


def _forget(draft: Draft, fork: Fork, touch: Touch, engine: Made) -> None:
    if attributes.is_async(draft.model, engine):
        raise CannotFix("the pool of an asyncio engine is forgotten by an `await`")
    for function in _functions(draft, fork):
        if function.module is not draft.model.linted:
            raise CannotFix(f"{function.name}() is in {function.module.display}")
        node = function.node
        if not isinstance(node, ast.FunctionDef):
            raise CannotFix("what the child runs is no plain function")
        refuse_mentions(draft, function, allowed=1)
        call = f"{_name(draft, function, touch, engine)}.dispose(close=False)"
        if ast.get_docstring(node) is None:
            draft.before(node.body[0], call)
        else:
            draft.after(node.body[0], call)


def _functions(draft: Draft, fork: Fork) -> list[Block]:
    """The functions that begin a child: a process's target, or the initializer of a pool."""
    frame = draft.model.frame(fork.block)
    kinds = {attributes.kind_of(draft.model, v) for v in draft.model.values(fork.call, frame)}
    if kinds == {Kind.PROCESS}:
        found = [child.frame.block for child in fork.children]
    else:
        given = (k.value for k in fork.call.keywords if k.arg == "initializer")
        values = (draft.model.values(value, frame) for value in given)
        found = [f.block for v in values for f in calls.functions_in(draft.model, v)]
    if not found:
        raise CannotFix("the child has no function that it begins with, such as an `initializer=`")
    return found


def _name(draft: Draft, function: Block, touch: Touch, engine: Made) -> str:
    """The global name by which the function gets to the engine."""
    bindings = draft.model.linted.block.bindings
    names = [
        name
        for name, found in bindings.items()
        if len(found) == 1
        if isinstance(found[0].origin, Assigned) and found[0].origin.value is engine.call
    ]
    if isinstance(touch.node, ast.Name) and touch.block.module is draft.model.linted:
        if isinstance(touch.value, Made) and is_same(touch.value, engine):
            names.append(touch.node.id)
    if not names or names[0] in function.bindings or names[0] not in bindings:
        raise CannotFix(f"the engine has no name that {function.name}() could use")
    return names[0]
