"""Objects made of others, which are compared often: equal by their parts, in a time that does not grow with depth.

Such objects share parts, as a graph does. To compare two graphs part by part takes time that doubles with each level
where a part stands twice. So each object computes its hash once, and what was found equal once is known to be.
"""

from __future__ import annotations

from collections.abc import Hashable


class Compound:
    """Not frozen, which would make it three times as slow to build; it is not to be changed all the same."""

    __slots__ = ("_equals", "_hash")
    __match_args__: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._hash = hash(self._parts())
        self._equals: object = None  # a mark that this object shares with others which are equal

    def _parts(self) -> Hashable:
        """What two objects must agree in to be equal: everything, unless a class says otherwise."""
        return tuple([getattr(self, name) for name in self.__match_args__])

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Compound) or self._hash != other._hash:
            return False
        if self._equals is not None and self._equals is other._equals:
            return True
        if self.__class__ is not other.__class__ or self._parts() != other._parts():
            return False
        self._equals = other._equals = self._equals or other._equals or object()
        return True
