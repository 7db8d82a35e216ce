"""The arguments of a call: one more, or one fewer, in the way that the call is laid out."""

from __future__ import annotations

import libcst as cst

_Space = cst.BaseParenthesizableWhitespace
_TIGHT = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))


def keyword(name: str, value: cst.BaseExpression) -> cst.Arg:
    """Make the argument `name=value`."""
    return cst.Arg(value, cst.Name(name), equal=_TIGHT)


def find(call: cst.Call, name: str) -> cst.Arg | None:
    """The argument that is given by that keyword."""
    for arg in call.args:
        if arg.keyword is not None and arg.keyword.value == name:
            return arg
    return None


def with_keyword(call: cst.Call, name: str, value: cst.BaseExpression) -> cst.Call:
    """Add `name=value` behind all other arguments."""
    new = keyword(name, value)
    if not call.args:
        return call.with_changes(args=[new])
    *others, last = call.args
    between = _between(call)
    if isinstance(last.comma, cst.Comma):
        end = last.comma.whitespace_after
        new = new.with_changes(comma=last.comma.with_changes(whitespace_after=_bare(end)))
    else:
        end = last.whitespace_after_arg
        new = new.with_changes(whitespace_after_arg=_bare(end))
        last = last.with_changes(whitespace_after_arg=cst.SimpleWhitespace(""))
    last = last.with_changes(comma=cst.Comma(whitespace_after=_joined(end, between)))
    return call.with_changes(args=[*others, last, new])


def without_keyword(call: cst.Call, name: str) -> cst.Call:
    """Drop the argument that is given by that keyword."""
    args = [*call.args]
    index = next(i for i, a in enumerate(args) if a.keyword is not None and a.keyword.value == name)
    dropped = args.pop(index)
    if not args:
        end = _end(dropped)
        start = call.whitespace_before_args
        keeps_comment = isinstance(start, cst.ParenthesizedWhitespace) and start.first_line.comment
        return call.with_changes(
            args=[], whitespace_before_args=_joined(start, end) if keeps_comment else _simple()
        )
    if index == len(args):
        before = args[-1]
        assert isinstance(before.comma, cst.Comma)
        between, end = before.comma.whitespace_after, _end(dropped)
        if isinstance(dropped.comma, cst.Comma):
            comma = dropped.comma.with_changes(whitespace_after=_joined(between, end))
            args[-1] = before.with_changes(comma=comma)
        else:
            args[-1] = before.with_changes(
                comma=cst.MaybeSentinel.DEFAULT, whitespace_after_arg=_joined(between, end)
            )
    return call.with_changes(args=args)


def _simple() -> _Space:
    return cst.SimpleWhitespace("")


def _end(arg: cst.Arg) -> _Space:
    """The white space between an argument, its comma included, and what follows."""
    if isinstance(arg.comma, cst.Comma):
        return arg.comma.whitespace_after
    return arg.whitespace_after_arg


def _between(call: cst.Call) -> _Space:
    """The white space between two arguments of a call, comments left out."""
    first = call.args[0]
    if len(call.args) > 1 and isinstance(first.comma, cst.Comma):
        return _bare(first.comma.whitespace_after)
    if isinstance(call.whitespace_before_args, cst.ParenthesizedWhitespace):
        return _bare(call.whitespace_before_args)
    return cst.SimpleWhitespace(" ")


def _bare(space: _Space) -> _Space:
    """The white space without its comments and empty lines."""
    if isinstance(space, cst.ParenthesizedWhitespace):
        line = cst.TrailingWhitespace(newline=space.first_line.newline)
        return space.with_changes(first_line=line, empty_lines=[])
    return space


def _joined(comments: _Space, shape: _Space) -> _Space:
    """White space with the comments of the one, that goes on as the other."""
    if not isinstance(comments, cst.ParenthesizedWhitespace):
        return shape
    if not isinstance(shape, cst.ParenthesizedWhitespace):
        if not comments.first_line.comment and not comments.empty_lines:
            return shape
        return comments
    return shape.with_changes(first_line=comments.first_line, empty_lines=comments.empty_lines)
