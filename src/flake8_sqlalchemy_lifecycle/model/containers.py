"""What is put into a container after it was made empty: `pools[key] = engine`, `self._tasks.append(task)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .bindings import Binding
from .scopes import Block
from .values import NOTHING, Elements, Frame, Values

if TYPE_CHECKING:
    from .inference import Model

_MAKERS = frozenset(
    "dict list set deque OrderedDict defaultdict WeakValueDictionary WeakSet".split()
)
_TAKERS = {"append": 0, "add": 0, "appendleft": 0, "insert": 1, "setdefault": 1, "__setitem__": 1}


def is_empty(value: ast.expr) -> bool:
    """Does the expression make an empty container?"""
    match value:
        case ast.Dict(keys=[]) | ast.List(elts=[]):
            return True
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args, keywords=[]):
            return name in _MAKERS and (not args or name == "defaultdict")
    return False


def filled(model: Model, binding: Binding, frame: Frame) -> Values:
    """The container that a binding makes empty, with what its own file puts into it."""
    found = NOTHING
    for block, value in _puts(binding):
        found |= model.values(value, _activation(model, binding, block, frame))
    return frozenset({Elements(found)}) if found else NOTHING


def _activation(model: Model, binding: Binding, block: Block, frame: Frame) -> Frame:
    """The activation in which a block puts something in: for a method that of the same object."""
    if block is frame.block:
        return frame
    if block.method_of is not None and block.method_of is binding.block.method_of:
        receiver = frame.argument(next(iter(binding.block.parameters), ""))
        if receiver is not None and block.parameters:
            return Frame(block, frame.closure, ((next(iter(block.parameters)), receiver),))
    return model.frame(block)


def _puts(binding: Binding) -> tuple[tuple[Block, ast.expr], ...]:
    """The blocks and expressions that put something into what a binding names."""
    cache: dict[Binding, tuple[tuple[Block, ast.expr], ...]]
    cache = binding.block.remembered.setdefault(_search, {})
    if binding not in cache:
        cache[binding] = tuple(_search(binding))
    return cache[binding]


def _search(binding: Binding) -> Iterator[tuple[Block, ast.expr]]:
    name = binding.name
    block = binding.block
    if not block.module.may_say(f"{name}[", f"{name}."):
        return
    outer = block.method_of if _is_attribute(binding) else block
    if outer is None:
        return
    for inner in _all(outer):
        if name not in inner.words:
            continue
        for node in inner.nodes:
            for container, value in _put_by(node):
                if _means(container, binding):
                    yield inner, value


def _is_attribute(binding: Binding) -> bool:
    node = binding.node
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return any(isinstance(t, ast.Attribute) and t.attr == binding.name for t in targets)


def _all(block: Block) -> Iterator[Block]:
    yield block
    for inner in block.inner.values():
        yield from _all(inner)


def _put_by(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                if isinstance(target, ast.Subscript):
                    yield target.value, value
        case ast.Call(func=ast.Attribute(value=container, attr=attr), args=args):
            index = _TAKERS.get(attr)
            if index is not None and index < len(args):
                yield container, args[index]


def _means(container: ast.expr, binding: Binding) -> bool:
    if _is_attribute(binding):
        return (
            isinstance(container, ast.Attribute)
            and container.attr == binding.name
            and isinstance(container.value, ast.Name)
        )
    return isinstance(container, ast.Name) and container.id == binding.name
