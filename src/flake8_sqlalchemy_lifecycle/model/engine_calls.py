"""The calls by which the linted file itself makes engines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import attributes
from .calls import spelled
from .knowledge import CREATOR_WORDS, Kind
from .scopes import Block
from .values import Made

if TYPE_CHECKING:
    from .inference import Model


def engine_calls(model: Model) -> Iterator[tuple[Made, Block]]:
    """The engines that calls of the linted file make, each with the block that runs the call."""
    creators = model.linted.spellings(*CREATOR_WORDS)
    for call, block in model.linted.calls():
        if spelled(call) in creators:
            for value in model.values(call, model.frame(block)):
                if isinstance(value, Made) and value.call is call:
                    if attributes.kind_of(model, value) is Kind.ENGINE:
                        yield value, block
