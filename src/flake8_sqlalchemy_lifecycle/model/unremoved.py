"""Registries whose sessions nobody removes, as the file of an app or a pool of threads shows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import attributes, calls, paths
from .flow import position
from .knowledge import TYPES, Kind, Role
from .registries import Use, names_of_registries, registry_of, uses_in
from .scopes import Block, Module
from .spelling import arguments, last_name
from .values import Frame, Func, Made

if TYPE_CHECKING:
    from .inference import Model

_ENDS = frozenset({"remove", "close", "registry"})
_MANAGERS = ("zope.sqlalchemy", "flask_sqlalchemy")
_POOL = ("ThreadPoolExecutor",)
_HANDS = ("concurrent.ThreadPoolExecutor.submit", "concurrent.ThreadPoolExecutor.map")
_WSGI = "flask."
_LEADS = ("register_blueprint", "include_router")


@dataclass(frozen=True, slots=True)
class Unremoved:
    """A registry, the function that uses it, and the expression of the linted file that is to be told."""

    node: ast.expr
    registry: Made
    user: Block


def unremoved_registries(model: Model) -> Iterator[Unremoved]:
    """The registries that handlers or pool threads of the linted file's app use, and that nothing at hand removes."""
    project = model.project
    names = names_of_registries(model)
    files = project.closure(model.linted.path)
    sources = [source for path in files if (source := project.source(path)) is not None]
    if not any("scoped_session(" in source.text for source in sources):
        return
    if any(manager in source.text for source in sources for manager in _MANAGERS):
        return
    modules = [m for path in files if (m := project.module(path)) is not None]
    found: dict[Made, Unremoved] = {}
    for use, leads in _used(model, modules, names):
        known = _place(model, use, leads)
        if known is not None and use.registry not in found:
            found[use.registry] = Unremoved(known, use.registry, use.block)
    for registry, unremoved in found.items():
        ends = {_ends(model, module, registry, names) for module in modules}
        if True in ends or (None in ends and _gets_about(model, modules, registry, names)):
            continue
        yield unremoved


def _used(
    model: Model, modules: list[Module], names: frozenset[str]
) -> Iterator[tuple[Use, ast.expr | None]]:
    """The uses of registries by an app's handlers, and by what a pool of the linted file is given."""
    apps = set(_apps(model))
    for module in modules if apps else ():
        if names.isdisjoint(model.project.identifiers(module.path)):
            continue
        yield from ((use, None) for use in _used_by_handlers(model, module, apps, names))
    if model.linted.may_say(*_POOL):
        for call, block in model.linted.calls():
            if last_name(call.func) in ("submit", "map") and call.args:
                frame = model.frame(block)
                if set(calls.names_of(model, model.values(call.func, frame))) & set(_HANDS):
                    for function in calls.functions_in(model, model.values(call.args[0], frame)):
                        for use in _uses(model, function, names, asynchronous=False):
                            yield use, call


def _apps(model: Model) -> Iterator[bool]:
    """For each app that the linted file makes: is it one of asyncio?"""
    for call, block in model.linted.calls():
        name = last_name(call.func)
        if name is None or not (name[:1].isupper() or name in model.linted.renamed):
            continue
        for value in model.values(call, model.frame(block)):
            if isinstance(value, Made) and value.call is call:
                if attributes.kind_of(model, value) is Kind.APP:
                    yield not value.type.startswith(_WSGI)


def _used_by_handlers(
    model: Model, module: Module, apps: set[bool], names: frozenset[str]
) -> Iterator[Use]:
    from .inference import Model as Asked

    asked = model if module is model.linted else Asked(module)
    for root in calls.roots(asked, lambda words: not names.isdisjoint(words)):
        if root.role is Role.REQUEST:
            for asynchronous in apps:
                yield from _uses(model, root.function, names, asynchronous)


def _uses(model: Model, function: Func, names: frozenset[str], asynchronous: bool) -> Iterator[Use]:
    start = calls.entry(model, function)
    for path in paths.walk(model, start, lambda _: lambda words: not names.isdisjoint(words), 3):
        for use in uses_in(model, path.end, names):
            registry = use.registry
            if registry.call is not None and registry.frame is not None:
                if registry.frame.block.function is None:
                    if attributes.is_async(model, registry) is asynchronous:
                        yield use


def _place(model: Model, use: Use, leads: ast.expr | None) -> ast.expr | None:
    """The registry's creation, or what leads to the user, in the linted file."""
    if use.registry.site.path == model.linted.path:
        return use.registry.call
    if leads is not None:
        return leads
    if use.block.module is model.linted:
        return use.node
    found = [
        (_distance(model, router, use), position(call), call)
        for call, block in model.linted.calls()
        if last_name(call.func) in _LEADS
        for router in _routers(model, call, model.frame(block))
        if use.block.module.path in model.project.closure(router.site.path)
    ]
    return min(found, key=lambda lead: lead[:2])[2] if found else None


def _routers(model: Model, call: ast.Call, frame: Frame) -> Iterator[Made]:
    """The routers that an app is given by a call."""
    for argument in call.args[:1]:
        for value in model.values(argument, frame):
            if isinstance(value, Made) and attributes.kind_of(model, value) is Kind.ROUTER:
                yield value


def _distance(model: Model, router: Made, use: Use) -> int:
    """How near the file that makes a router is to the handler: the same, one that reaches it, the app's own."""
    path = router.site.path
    return 0 if path == use.block.module.path else 2 if path == model.linted.path else 1


def _ends(model: Model, module: Module, registry: Made, names: frozenset[str]) -> bool | None:
    """Does code of a file end the registry's sessions: by its methods, in a `with`, or by giving the registry away?

    None where it ends something that may be one, if the registry or its session got there.
    """
    if not module.may_say("remove", "close", ".registry", *names):
        return False
    found: bool | None = False
    for block in module.blocks():
        frame = model.frame(block)
        for node in block.nodes:
            match node:
                case ast.Attribute(attr=name, value=owner) if name in _ENDS:
                    parent = block.parents.get(node)
                    if isinstance(parent, ast.Call) and parent.func is node and parent.args:
                        continue  # a list's
                    is_it = _is_it(model, owner, frame, registry)
                    if is_it or (is_it is None and last_name(owner) in names):
                        return True
                    if is_it is None and name != "registry":
                        found = None
                case ast.withitem(context_expr=ast.expr() as given):
                    if _is_it(model, given, frame, registry):
                        return True
                case ast.Call() if node is not registry.call:
                    for given in arguments(node):
                        if isinstance(given, ast.Name | ast.Attribute):
                            if last_name(given) in names:
                                if registry in model.values(given, frame):
                                    return True
    return found


def _is_it(model: Model, expression: ast.expr, frame: Frame, registry: Made) -> bool | None:
    """Is an expression the registry or its session? None where it may be anything."""
    values = model.values(expression, frame)
    known = bool(values)
    for value in values:
        found = registry_of(model, value)
        if found == registry:
            return True
        if found is None and (not isinstance(value, Made) or not _is_told(value)):
            known = False
    return False if known else None


def _is_told(made: Made) -> bool:
    """Is the object's type one that the model knows, and not just the name of what gave it?"""
    return made.type in TYPES or made.type.startswith("builtins.")


_STAYS = (ast.Attribute, ast.Expr, ast.Compare, ast.withitem, ast.If, ast.While)
"""What an expression can stand in without getting to other code: `registry.commit`, `registry()`, a test."""


def _gets_about(model: Model, modules: list[Module], registry: Made, names: frozenset[str]) -> bool:
    """Is the registry, or its session, anywhere returned, passed, stored or put into something?"""
    for module in modules:
        if names.isdisjoint(model.project.identifiers(module.path)):
            continue
        for block in module.blocks():
            if _leaves(model, block, registry, names):
                return True
    return False


def _leaves(model: Model, block: Block, registry: Made, names: frozenset[str]) -> bool:
    frame = model.frame(block)
    wanted = set(names) | _assigned_names(block)
    for node in block.nodes:
        if not isinstance(node, ast.Name | ast.Attribute | ast.Call):
            continue
        spells = last_name(node.func if isinstance(node, ast.Call) else node)
        if isinstance(getattr(node, "ctx", None), ast.Store):
            continue
        if spells not in wanted and node is not registry.call:
            continue
        parent = block.parents.get(node)
        if isinstance(parent, _STAYS) or (isinstance(parent, ast.Call) and parent.func is node):
            continue
        if isinstance(parent, ast.Assign) and all(isinstance(t, ast.Name) for t in parent.targets):
            continue
        if _is_it(model, node, frame, registry):
            return True
    return False


def _assigned_names(block: Block) -> set[str]:
    """The names that the function itself, or those around it, bind."""
    found: set[str] = set()
    here: Block | None = block
    while here is not None and here.function is not None:
        found.update(here.bindings)
        here = here.parent
    return found
