"""Servers that load an application and then fork: what it has connected by then, and no hook lets go of."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import attributes, calls
from .child_hooks import Hook, celery_hooks, fork_hooks, preloads, server_hooks
from .import_run import Connected, connected_by_import
from .imported_engines import is_guarded, run_by_import
from .kept import APP_NAMES, modules_saying
from .knowledge import Kind, web
from .knowledge.processes import (
    CHILD_SIGNALS,
    FORKING_POOLS,
    PARENT_HOOKS,
    PARENT_SIGNALS,
    PRELOAD,
    SERVER_HOOKS,
)
from .letting_go import lets_go
from .places import is_test
from .scopes import Block, Module
from .start_commands import worker_pools
from .trails import Trails
from .values import Constant, Func, Instance, Made, Site, Value

if TYPE_CHECKING:
    from .inference import Model

_CELERY = "celery.Celery"
_WSGI_APP = "wsgi_app"
_NAMED = re.compile(r"\s*([\w.]+)\s*(?::\s*(\w+)\s*(\(.*\))?\s*)?", re.DOTALL)
_TASKS = (".task", "shared_task", "autodiscover_tasks", "include=", "imports=")
_POOL_SETTING = "worker_pool"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The application that a server loads: its file, and the function that makes it when that is imported."""

    path: str
    factory: Func | None = None


@dataclass(frozen=True, slots=True)
class Inherited:
    """An engine that all workers have inherited, and the node of the linted file that has them forked."""

    node: ast.AST
    connected: Connected


def inherited(model: Model) -> Iterator[Inherited]:
    """What the workers share of the servers that the linted file sets up: of each, the first."""
    if preloads(model, model.linted):
        yield from _by_gunicorn(model, model.linted)
    if model.project.closure_says(model.linted.path, "sqlalchemy", "sqlmodel"):
        yield from _by_celery(model)


# gunicorn


def _by_gunicorn(model: Model, config: Module) -> Iterator[Inherited]:
    app = _app(model, config)
    if app is None:
        return
    hooks = [
        *server_hooks(model, config, (*SERVER_HOOKS, *PARENT_HOOKS)),
        *_fork_hooks(model, (config.path, *model.project.closure(app.path))),
    ]
    for connected in connected_by_import(model, app.path, app.factory):
        if not _is_let_go(model, hooks, connected, app.path):
            for binding in config.block.bindings.get(PRELOAD, ()):
                if Constant(True) in model.bound(binding, model.frame(binding.block)):
                    yield Inherited(binding.node, connected)
                    return


def _app(model: Model, config: Module) -> Loaded | None:
    """The app that a config names, or the only one of the project."""
    if _WSGI_APP not in config.block.bindings:
        return _only_app(model)
    values = model.export(config.path, _WSGI_APP)
    for value in values if len(values) == 1 else ():
        if isinstance(value, Constant) and isinstance(value.value, str):
            named = _NAMED.fullmatch(value.value)
            path = model.project.resolve(config.path, named[1]) if named else None
            if named is None or path is None or not path.endswith(".py"):
                return None
            functions = [v for v in model.export(path, named[2] or "") if isinstance(v, Func)]
            return Loaded(path, functions[0] if named[3] and functions else None)
    return None


def _only_app(model: Model) -> Loaded | None:
    found: dict[Site, Loaded] = {}
    for module in modules_saying(model, model.project.files, APP_NAMES):
        if is_test(module):
            continue
        names = module.spellings(*APP_NAMES)
        for call, block in module.calls():
            if calls.spelled(call) in names and _makes_web_app(model, call, block):
                found[Site.of(call, block)] = Loaded(module.path, _function_around(model, block))
    return next(iter(found.values())) if len(found) == 1 else None


def _makes_web_app(model: Model, call: ast.Call, block: Block) -> bool:
    return any(
        isinstance(value, Made)
        and value.call is call
        and value.type in web.TYPES
        and attributes.kind_of(model, value) is Kind.APP
        for value in model.values(call, model.frame(block))
    )


def _function_around(model: Model, block: Block) -> Func | None:
    function = block.function
    if function is None or function.parent is None:
        return None
    return Func(function, model.frame(function.parent))


# Celery


def _by_celery(model: Model) -> Iterator[Inherited]:
    call = next(_celery_calls(model), None)
    if call is None or _only_sends(model):
        return
    path = model.linted.path
    every = model.project.files
    hooks: list[Hook] | None = None
    for connected in connected_by_import(model, path):
        if hooks is None:
            hooks = [
                *(
                    hook
                    for module in modules_saying(model, every, (*CHILD_SIGNALS, *PARENT_SIGNALS))
                    for hook in celery_hooks(model, module, (*CHILD_SIGNALS, *PARENT_SIGNALS))
                ),
                *_fork_hooks(model, every),
            ]
        if not _is_let_go(model, hooks, connected, path):
            if _forks(model):
                yield Inherited(call, connected)
            return


def _celery_calls(model: Model) -> Iterator[ast.Call]:
    """The calls by which the linted file's import makes a Celery app, itself or by a function."""
    module, key = model.linted, ("Celery",)
    trails = model.project.trails.get(key)
    if trails is None:
        trails = model.project.trails[key] = Trails(model.project, key)
    names = trails.names(module.path) | module.spellings(*key)
    for block in run_by_import(module.block):
        for call in block.calls:
            if calls.spelled(call) in names and not is_guarded(block, call):
                if any(_is_celery(model, v) for v in model.values(call, model.frame(block))):
                    yield call


def _is_celery(model: Model, value: Value) -> bool:
    return isinstance(value, Made | Instance) and attributes.type_name(model, value) == _CELERY


def _only_sends(model: Model) -> bool:
    """Does a web application make the Celery app, with no task for a worker to run?"""
    module = model.linted
    return not module.may_say(*_TASKS) and any(
        calls.spelled(call) in module.spellings(*APP_NAMES) and _makes_web_app(model, call, block)
        for call, block in module.calls()
    )


def _forks(model: Model) -> bool:
    """Does no file of the project choose another pool than Celery's default, which forks?"""
    started = list(worker_pools(model.project.root))
    if started and FORKING_POOLS.isdisjoint(pool or "prefork" for pool in started):
        return False
    for module in modules_saying(model, model.project.files, (_POOL_SETTING,)):
        for block in module.blocks():
            for node in block.nodes:
                chosen = _chosen_pool(node)
                if chosen is not None:
                    values = model.values(chosen, model.frame(block))
                    if any(getattr(value, "value", None) not in FORKING_POOLS for value in values):
                        return False
    return True


def _chosen_pool(node: ast.AST) -> ast.expr | None:
    """What is chosen by `worker_pool = …`, `conf.worker_pool = …`, `update(worker_pool=…)`, `{"worker_pool": …}`."""
    match node:
        case ast.keyword(arg=name, value=value) if name == _POOL_SETTING:
            return value
        case ast.Assign(targets=[ast.Name(id=name) | ast.Attribute(attr=name)], value=value):
            return value if name == _POOL_SETTING else None
        case ast.Assign(targets=[ast.Subscript(slice=ast.Constant(value=name))], value=value):
            return value if name == _POOL_SETTING else None
        case ast.Dict(keys=keys, values=values):
            for key, chosen in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant) and key.value == _POOL_SETTING:
                    return chosen
    return None


# hooks


def _fork_hooks(model: Model, paths: tuple[str, ...]) -> Iterator[Hook]:
    for module in modules_saying(model, dict.fromkeys(paths), ("register_at_fork",)):
        for keyword in ("after_in_child", "before"):
            yield from fork_hooks(model, module, keyword)


def _is_let_go(model: Model, hooks: list[Hook], connected: Connected, path: str) -> bool:
    if any(lets_go(model, hook, connected.engine) for hook in hooks):
        return True
    sources = map(model.project.source, model.project.closure(path))
    return any(source is not None and _is_guarded(source.text) for source in sources)


def _is_guarded(text: str) -> bool:
    """Does the file look at the process's id at each check-out, or have multiprocessing call it after a fork?"""
    return ("getpid" in text and "checkout" in text) or "register_after_fork" in text
