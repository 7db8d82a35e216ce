"""What a call returns, as its caller sees it: the objects that it made carry the call in their context."""

from __future__ import annotations

from .values import Elements, Frame, Instance, Items, Made, Mapping, Site, Value, Values

_HELD = 2
"""So deep is what a call returns looked into: objects share parts, so that their number grows with a power."""


def out_of(values: Values, frame: Frame) -> Values:
    """Objects made by an activation, as its caller sees them."""
    if frame.caller is None or frame.call is None:
        return values
    site = Site.of(frame.call, frame.caller.block)
    return _all_carried(values, site, frame)


def _all_carried(values: Values, site: Site, frame: Frame, depth: int = 0) -> Values:
    if depth > _HELD:
        return values
    carried = [(value, _carried(value, site, frame, depth)) for value in values]
    return values if all(new is old for old, new in carried) else frozenset(v for _, v in carried)


def _carried(value: Value, site: Site, frame: Frame, depth: int) -> Value:
    """An object that the activation made, what it made for that object or put into a container, with the call."""
    match value:
        case Items(elements):
            parts = tuple(_all_carried(part, site, frame, depth + 1) for part in elements)
            return value if _are_same(parts, elements) else Items(parts)
        case Elements(inner):
            carried = _all_carried(inner, site, frame, depth + 1)
            return value if carried is inner else Elements(carried)
        case Mapping(entries):
            parts = tuple(_all_carried(part, site, frame, depth + 1) for _, part in entries)
            if _are_same(parts, tuple(part for _, part in entries)):
                return value
            return Mapping(tuple((key, p) for (key, _), p in zip(entries, parts, strict=True)))
    if not isinstance(value, Made | Instance) or value.frame is None:
        return value
    if not value.frame.within(frame):
        return value
    context = (*value.context, site)[-4:]
    if isinstance(value, Instance):
        args = tuple(
            (name, _all_carried(given, site, frame, depth + 1)) for name, given in value.args
        )
        return Instance(value.cls, value.site, args, context, frame.caller)
    return Made(
        value.type,
        value.site,
        value.origin,
        context,
        value.declared,
        value.call,
        frame.caller if value.call is None else _origin(value, frame),
    )


def _are_same(some: tuple[Values, ...], others: tuple[Values, ...]) -> bool:
    return all(one is other for one, other in zip(some, others, strict=True))


def _origin(value: Made, frame: Frame) -> Frame | None:
    """The arguments of a creating call are read in the frame that made it: a carried object keeps that frame."""
    inner = value.frame
    if inner is None or frame.caller is None:
        return inner
    return Frame(inner.block, inner.closure, inner.args, frame.caller, inner.call)
