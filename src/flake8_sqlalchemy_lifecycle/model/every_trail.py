"""Trails for questions where a lost one would make a wrong finding, not a missed one."""

from __future__ import annotations

from .trails import Trails


class EveryTrail(Trails):
    """Follows common names (`close`) too."""

    def _is_telling(self, name: str) -> bool:
        return name not in self._words
