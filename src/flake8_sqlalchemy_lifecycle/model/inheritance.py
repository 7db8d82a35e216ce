"""What a forked child touches of what its parent made: globals, and locals of the functions around."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import calls
from .flow import is_tested_and_kept
from .forks import Child
from .kept import is_cached
from .scopes import Block
from .values import Frame, Instance, Made, ProjectModule, Value, Values

if TYPE_CHECKING:
    from .inference import Model

_CACHES = ("lru_cache", "functools", "cachetools")
_MOST = 150
"""So many functions of a child are looked at, those nearest to its entry first."""


@dataclass(frozen=True, slots=True)
class Touch:
    """An object of the parent's under its name in the child; `uses` is False where the name is only bound anew."""

    value: Made | Instance
    name: str
    node: ast.expr
    block: Block
    uses: bool


def touches(model: Model, children: Iterable[Child]) -> Iterator[Touch]:
    """The objects that the parent made and one of the children touches."""
    reached = [(child, list(run_by(model, child))) for child in children]
    own = {
        frame.block
        for child, frames in reached
        for frame in (frames if child.nodes is None else frames[1:])
    }
    sent = {v for child, _ in reached for _, values in child.frame.args for v in values}
    for child, frames in reached:
        for frame in frames:
            nodes = child.nodes if child.nodes is not None and frame is child.frame else None
            for touch in _in_frame(model, frame, nodes, own, sent):
                if not is_own(model, touch.value, own, nodes):
                    yield touch


def run_by(model: Model, child: Child) -> Iterator[Frame]:
    """The activations that a child runs, itself first."""
    seen = {child.frame}
    waiting = [child.frame]
    while waiting and len(seen) < _MOST:
        frame = waiting.pop(0)
        yield frame
        for step in calls.steps(model, frame, bool):
            outside = (
                frame is child.frame and child.nodes is not None and step.node not in child.nodes
            )
            if not outside and step.callee not in seen:
                seen.add(step.callee)
                waiting.append(step.callee)
    yield from waiting


def is_own(
    model: Model, value: Made | Instance, own: set[Block], nodes: frozenset[ast.AST] | None
) -> bool:
    """Did the child make the object itself? What is made once and kept, its parent may have made."""
    if value.frame is not None and value.frame.block in own:
        block = value.frame.block
        kept = (
            isinstance(value, Made)
            and value.call in block.parents
            and (is_tested_and_kept(block, value.call) or is_cached(model, block))
        )
        return not kept or "getpid" in block.words
    return isinstance(value, Made) and nodes is not None and value.call in nodes


def _in_frame(
    model: Model,
    frame: Frame,
    nodes: frozenset[ast.AST] | None,
    own: set[Block],
    sent: set[Value],
) -> Iterator[Touch]:
    block = frame.block
    caches = model.project.closure_says(model.linted.path, *_CACHES)
    for node in block.nodes:
        if nodes is not None and node not in nodes:
            continue
        match node:
            case ast.Name(id=name, ctx=context):
                if _is_inherited(node, block, nodes, own):
                    use = node if isinstance(context, ast.Load) else None
                    values = model.values(node, frame) if use else model.lookup(name, frame)
                    yield from _touched(values, name, node, block)
            case ast.Attribute(attr=name, ctx=context):
                owners = model.values(node.value, frame)
                modules = [v.path for v in owners if isinstance(v, ProjectModule)]
                for path in modules:
                    yield from _touched(model.export(path, name), name, node, block)
                if any(_is_parents(owner, own, sent) for owner in owners):
                    yield from _touched(model.values(node, frame), name, node, block)
            case ast.Call(func=ast.Name() | ast.Attribute(), args=[], keywords=[]) if caches:
                for value in model.values(node, frame):
                    if isinstance(value, Made) and _is_kept_by_cache(model, value):
                        yield Touch(value, ast.unparse(node), node, block, uses=True)


def _is_kept_by_cache(model: Model, value: Made) -> bool:
    """Is it made by a function that a decorator has made once, so that the parent may have called it?"""
    return value.frame is not None and is_cached(model, value.frame.block)


def _is_parents(owner: Value, own: set[Block], sent: set[Value]) -> bool:
    """Is the value an object of the project's that the parent made and did not send to the child?"""
    return (
        isinstance(owner, Instance)
        and owner.frame is not None
        and owner.frame.block not in own
        and owner not in sent
    )


def _touched(values: Values, name: str, node: ast.expr, block: Block) -> Iterator[Touch]:
    uses = isinstance(getattr(node, "ctx", None), ast.Load)
    made = [value for value in values if isinstance(value, Made | Instance)]
    for value in sorted(made, key=lambda m: m.site):
        yield Touch(value, name, node, block, uses)


def _is_inherited(
    name: ast.Name, block: Block, nodes: frozenset[ast.AST] | None, own: set[Block]
) -> bool:
    """Does the name mean something that was bound before the child ran?"""
    if block.comprehension_binding(name) is not None:
        return False
    if name.id in block.bindings and name.id not in block.outer_names:
        if nodes is None:
            return False
        use = name if isinstance(name.ctx, ast.Load) else None
        return any(binding.node not in nodes for binding in block.reaching(name.id, use))
    if block.outer_names.get(name.id) == "global":
        return True
    outer = block.parent
    while outer is not None:
        if name.id in outer.bindings and not outer.is_class:
            return outer not in own
        outer = outer.parent
    return False
