"""Hooks around a fork that keep parent and children from sharing an engine's connections."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import TYPE_CHECKING

from .child_hooks import Hook
from .connecting import disposed_by, pools_behind
from .disposal import is_same
from .flow import is_tested_and_kept
from .inheritance import run_by, touches
from .kept import is_cached
from .values import Frame, Func, Made

if TYPE_CHECKING:
    from .inference import Model


def lets_go(model: Model, hook: Hook, engine: Made) -> bool:
    """Does the hook dispose the engine, perhaps, or put another one in its place?"""
    if isinstance(hook.given, ast.Attribute) and hook.given.attr == "dispose":
        return _is_among(disposed_by(model, hook.given.value, model.frame(hook.block)), engine)
    return any(
        _replaces(model, frame, engine) for child in hook.children for frame in run_by(model, child)
    ) or any(
        not touch.uses and _is_among(pools_behind(model, touch.value), engine)
        for touch in touches(model, hook.children)
    )


def _replaces(model: Model, frame: Frame, engine: Made) -> bool:
    for call in frame.block.calls:
        match call.func:
            case ast.Attribute(attr="configure"):
                return True
            case ast.Attribute(attr="dispose", value=owner):
                if any(isinstance(v, Func) for v in model.values(call.func, frame)):
                    continue  # a method of the project, which is followed
                if _is_among(disposed_by(model, owner, frame), engine):
                    return True
        if call is engine.call and not is_tested_and_kept(frame.block, call):
            return not is_cached(model, frame.block)
    return False


def _is_among(engines: Iterable[Made] | None, engine: Made) -> bool:
    return engines is None or any(is_same(one, engine) for one in engines)
