"""Strings as far as they can be known: URLs are put together from constants, environment defaults and f-strings."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .values import UNKNOWN, Constant, Frame, Text, Unknown, Value, Values

if TYPE_CHECKING:
    from .inference import Model

_PURE = frozenset(
    "capitalize casefold format lower lstrip removeprefix removesuffix replace rstrip strip title upper".split()
)
_KEEP_THE_HEAD = frozenset({"strip", "rstrip", "removesuffix"})
_LONGEST = 4096


def joined(model: Model, node: ast.JoinedStr, frame: Frame) -> Values:
    """An f-string: whole where all its parts are known, else its beginning."""
    heads: list[Value] = [Constant("")]
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            simple = part.conversion in (-1, ord("s")) and part.format_spec is None
            values = model.values(part.value, frame) if simple else UNKNOWN
            # An empty default is a gap that something else fills.
            values = frozenset(Text("") if v == Constant("") else v for v in values)
        else:
            values = model.values(part, frame)
        heads = [_joined(head, value) for head in heads for value in values][:16]
    return frozenset(heads)


def operation(model: Model, node: ast.BinOp, frame: Frame) -> Values:
    """`a + b`, `a % b`, and `path / name`, of which nothing is known."""
    lefts = model.values(node.left, frame)
    if isinstance(node.op, ast.Add):
        rights = model.values(node.right, frame)
        return frozenset([_joined(left, right) for left in lefts for right in rights][:16])
    if isinstance(node.op, ast.Mod):
        return frozenset(
            Text(left.value.partition("%")[0])
            if isinstance(left, Constant) and isinstance(left.value, str)
            else Unknown()
            for left in lefts
        )
    return UNKNOWN


def method(model: Model, text: Value, name: str, node: ast.Call, frame: Frame) -> Values:
    """A method of a string."""
    if isinstance(text, Text):
        if name in _KEEP_THE_HEAD:
            return frozenset({text})
        if name == "replace":
            return _replaced_head(model, text, node, frame)
        return UNKNOWN
    if not isinstance(text, Constant) or not isinstance(text.value, str):
        return UNKNOWN
    if name == "format":
        return frozenset({Text(text.value.partition("{")[0])})
    arguments: list[str | int] = []
    for argument in node.args:
        values = model.values(argument, frame)
        value = next(iter(values))
        if len(values) != 1 or not isinstance(value, Constant):
            return UNKNOWN
        if not isinstance(value.value, str | int):
            return UNKNOWN
        arguments.append(value.value)
    if name not in _PURE or node.keywords or len(text.value) > _LONGEST:
        return UNKNOWN
    try:
        return frozenset({Constant(getattr(text.value, name)(*arguments))})
    except (TypeError, ValueError, MemoryError):
        return UNKNOWN


def _replaced_head(model: Model, text: Text, node: ast.Call, frame: Frame) -> Values:
    """`replace` on a string with a known beginning, where it replaces (part of) that beginning."""
    if len(node.args) < 2:
        return UNKNOWN
    old, new = (model.values(argument, frame) for argument in node.args[:2])
    match next(iter(old)), next(iter(new)):
        case Constant(str() as before), Constant(str() as after) if len(old) == len(new) == 1:
            if before in text.head:
                return frozenset({Text(text.head.replace(before, after))})
            if before:  # which may begin where the known head ends
                return frozenset({Text(text.head[: len(text.head) - len(before) + 1])})
    return UNKNOWN


def _joined(left: Value, right: Value) -> Value:
    match left, right:
        case Constant(str() as first), Constant(str() | int() as second):
            both = f"{first}{second}"
            return Constant(both) if len(both) <= _LONGEST else Text(both[:_LONGEST])
        case Constant(str() as first), Text(head):
            return Text(first + head)
        case Constant(str() as first), _:
            return Text(first)
        case Text(), _:
            return left
    return Text("")
