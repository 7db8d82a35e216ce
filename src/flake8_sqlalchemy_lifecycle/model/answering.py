"""For which lives the linted file answers: those of apps that are the whole of a process, and that can be read."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from . import attributes
from .apps import is_same, site_of
from .events import EVENT_WORDS
from .kept import names_of_apps
from .lifespans import lifespans_of
from .lives import Life
from .scopes import Module
from .spelling import arguments, last_name
from .values import Constant, Value

if TYPE_CHECKING:
    from .inference import Model

_TAKERS = frozenset({"mount", "Mount", "Host", "AppRunner"})


def may_hold_life(model: Model) -> bool:
    """Does the linted file say a word by which one gets to an app, to its events, or to a lifespan?"""
    if model.linted.may_say("asynccontextmanager", *EVENT_WORDS):
        return True
    return not names_of_apps(model).isdisjoint(model.project.identifiers(model.linted.path))


def is_unclear(model: Model, life: Life) -> bool:
    """May the app have a lifespan that cannot be read?"""
    if life.app is None:
        return False
    is_given = bool(lifespans_of(model, life.app).values - {Constant(None)})
    return life.unknown or (is_given and not (life.lifespans or life.startups))


def answers(model: Model, life: Life) -> bool:
    """Has the app a shutdown of its own: no WSGI app, none that another one mounts or that runs inside a program?"""
    if life.app is None:
        return True
    return attributes.is_async(model, life.app) and not _is_part(model, life.app)


def _is_part(model: Model, app: Value) -> bool:
    """Is the app given to another one, or to aiohttp's runner, and so not the whole of the process?

    Who mounts an app imports it; so the files beside this one and above it are asked too.
    """
    site = site_of(app)
    if site is None:
        return False
    near = (file for file in model.project.around(site.path) if file != model.linted.path)
    for path in (model.linted.path, *near):
        if _TAKERS.isdisjoint(model.project.identifiers(path)):
            continue
        module = model.project.module(path)
        if module is not None and _is_taken(model, app, module):
            return True
    return False


def _is_taken(model: Model, app: Value, module: Module) -> bool:
    for call, block in module.calls():
        if last_name(call.func) in _TAKERS:
            for argument in arguments(call):
                if isinstance(argument, ast.Name | ast.Attribute | ast.Call):
                    values = model.values(argument, model.frame(block))
                    if any(is_same(value, app) for value in values):
                        return True
    return False
