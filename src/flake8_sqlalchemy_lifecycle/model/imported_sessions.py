"""Sessions that importing a module opens, and the functions that share them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from . import attributes
from .bindings import Assigned, Binding, Imported
from .closing import DISTINCTIVE, OPENERS
from .flow import position
from .inference import Model
from .places import is_test
from .scopes import Block, Module
from .sessions import Opened, is_handed_out, opened_by
from .sought import Sought, is_session
from .spelling import arguments, last_name, opener_name
from .values import Cls, Instance, Made, ProjectModule, Site

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_NAMES = re.compile(r"session|db$", re.IGNORECASE)
"""What is given away under another name is not looked at, as long as nobody works with it: a sieve, no more."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A session of a module or class, the name that it has there, and an expression that uses it."""

    opened: Opened
    name: str
    use: ast.expr
    user: str
    """The function or class that uses it."""


def opened_here(model: Model) -> Iterator[Shared]:
    """The sessions that the linted file opens at its top level or in a class, and that its own code shares."""
    for opened, name in _opened_by(model, model.linted):
        use = next(_uses(model, model.linted, opened, name), None)
        if use is not None:
            yield Shared(opened, name, *use)
    for opened, holder, name in _held_by_objects(model, model.linted):
        use = next(_uses_of_held(model, model.linted, opened, holder), None)
        if use is not None:
            yield Shared(opened, name, *use)


def opened_elsewhere(model: Model) -> Iterator[Shared]:
    """Of such sessions of other files, which do not share them, the first use in a function of the linted file."""
    seen: set[Site] = set()
    for use, user, session in sorted(_foreign_uses(model), key=lambda found: position(found[0])):
        if session.appears in seen:
            continue
        seen.add(session.appears)
        module = model.project.module(session.appears.path)
        if module is None or is_test(module):
            continue
        for opened, name in _opened_by(model, module, session.appears.line):
            if opened.session == session and not any(_uses(model, module, opened, name)):
                yield Shared(opened, name, use, user)
        for opened, holder, name in _held_by_objects(model, module):
            if opened.session == session and not any(_uses_of_held(model, module, opened, holder)):
                yield Shared(opened, name, use, user)


def _opened_by(
    model: Model, module: Module, line: int | None = None
) -> Iterator[tuple[Opened, str]]:
    """The sessions that importing a file opens and gives a name; one is known to be opened in this line."""
    classes = (block for block in module.block.inner.values() if block.is_class)
    for block in (module.block, *classes):
        for call in block.calls:
            name = _name_of(block, call)
            if name is not None and (call.lineno == line or _may_be(module, name, call)):
                for opened in opened_by(model, call, model.frame(block)):
                    yield opened, name
                for value in model.values(call, model.frame(block)):
                    if isinstance(value, Made) and is_handed_out(model, value):
                        yield Opened(call, value, model.frame(block)), name


def _may_be(module: Module, name: str, call: ast.Call) -> bool:
    """Can the call open a session, by the spelling of it or of its uses?"""
    opener = opener_name(call)
    if opener is None or opener in DISTINCTIVE:
        return False
    if OPENERS.search(opener) or _NAMES.search(name):
        return True
    if any(name == last_name(given) for c in module.block.calls for given in arguments(c)):
        return True
    return module.may_say(*(f"{name}.{method}(" for method in DISTINCTIVE))


def _name_of(block: Block, call: ast.Call) -> str | None:
    match block.parents.get(call):
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
    return None


# in the file that opens it


def _uses(
    model: Model, module: Module, opened: Opened, name: str
) -> Iterator[tuple[ast.expr, str]]:
    """The expressions of a file's functions that are the session, and those that give it to a class."""
    for block in module.blocks():
        frame = model.frame(block)
        its = Sought(model, frame, opened.session)
        if block.function is None:
            for node in block.nodes_of(ast.Call, ast.Assign, ast.AnnAssign, *_FUNCTIONS):
                if isinstance(node, ast.Call) and its.is_given_to(node):
                    if any(isinstance(v, Cls) for v in model.values(node.func, frame)):
                        yield node, ast.unparse(node.func)
                if isinstance(node, ast.Assign | ast.AnnAssign) and block.is_class:
                    if node.value is not None and its.is_it(node.value):
                        yield node.value, block.qualname
                for default, user in _defaults(node):
                    if its.is_it(default):
                        yield default, user
        elif name in block.words:
            for node in block.nodes_of(ast.Name, ast.Attribute):
                if _spells(node, name):
                    if _is_shared(model, node, block, opened) and its.is_it(node):
                        yield node, block.qualname


def _spells(node: ast.AST, name: str) -> bool:
    match node:
        case ast.Name(id=spelled, ctx=ast.Load()) | ast.Attribute(attr=spelled, ctx=ast.Load()):
            return spelled == name
    return False


def _is_shared(model: Model, node: ast.Name | ast.Attribute, block: Block, opened: Opened) -> bool:
    """Does a name mean that of the module or class, and not one of the function or of an instance?"""
    if isinstance(node, ast.Name):
        here: Block | None = block
        while here is not None and here.function is not None:
            if node.id in here.bindings and node.id not in here.outer_names:
                return False
            here = here.parent
        return True
    if not is_handed_out(model, opened.session):
        return True
    owner = opened.frame.block
    return owner.is_class and node.attr not in attributes.self_stores(owner)


def _defaults(node: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """The defaults of a function's parameters, with its name."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        name = "a lambda" if isinstance(node, ast.Lambda) else node.name
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                yield default, name


# held by an object of the module


def _held_by_objects(model: Model, module: Module) -> Iterator[tuple[Opened, str, str]]:
    """The sessions that objects of a file's top level open when they are made, and keep for good.

    Each with the object's name, and with the name by which functions get to it.
    """
    if not module.may_say("ession"):
        return
    top = module.block
    classes = {block.name: block for block in top.inner.values() if block.is_class}
    for call in top.calls:
        holder = _name_of(top, call)
        cls = classes.get(last_name(call.func) or "")
        if holder is None or cls is None or len(top.bindings.get(holder, ())) != 1:
            continue
        for value in model.values(call, model.frame(top)):
            if isinstance(value, Instance) and value.cls.block is cls:
                for opened, name in _kept_by(model, value):
                    yield opened, holder, f"{holder}.{name}"


def _kept_by(model: Model, holder: Instance) -> Iterator[tuple[Opened, str]]:
    """The sessions that a constructor opens for an attribute which nothing else sets."""
    for name, stores in attributes.self_stores(holder.cls.block).items():
        if len(stores) != 1 or not isinstance(stores[0].origin, Assigned):
            continue
        found = attributes.of_instance(model, holder, holder.cls, name)
        value = next(iter(found), None)
        if len(found) != 1 or not isinstance(value, Made) or not is_session(model, value):
            continue
        if value.declared or value.call is None or value.call is not stores[0].origin.value:
            continue
        frame = value.frame
        if frame is not None and frame.block.method_of is holder.cls.block:
            if frame.block.name == "__init__":
                yield Opened(value.call, value, frame), name


def _uses_of_held(
    model: Model, module: Module, opened: Opened, holder: str
) -> Iterator[tuple[ast.expr, str]]:
    """Where functions of a file get at the session by the object's name."""
    for block in module.functions():
        if holder in block.words:
            its = Sought(model, model.frame(block), opened.session)
            for node in block.nodes:
                match node:
                    case ast.Attribute(value=ast.Name(id=name)) if name == holder:
                        if its.is_it(node):
                            yield node, block.qualname


# in other files


def _foreign_uses(model: Model) -> Iterator[tuple[ast.expr, str, Made]]:
    """The uses, in functions and as defaults, of sessions that other files open: the telling ones, then all others."""
    names: set[str | None] = set()
    sessions: set[Made] = set()
    for block in model.linted.blocks():
        for node in block.nodes_of(ast.Attribute, ast.Call, *_FUNCTIONS):
            if block.function is not None:
                for candidate in _candidates(node):
                    if _is_from_outside(candidate, block):
                        for found in _foreign(model, block, candidate, block.qualname):
                            names.add(last_name(candidate))
                            sessions.add(found[2])
                            yield found
            for default, user in _defaults(node):
                if isinstance(default, ast.Name | ast.Attribute):
                    yield from _foreign(model, block, default, user)
    if not sessions:
        return
    top = model.linted.block
    for name, bindings in top.bindings.items():
        if any(isinstance(b.origin, Imported) for b in bindings):
            if not sessions.isdisjoint(model.lookup(name, model.frame(top))):
                names.add(name)
    for block in model.linted.blocks():
        for node in block.nodes_of(ast.Name, ast.Attribute) if block.function is not None else ():
            if last_name(node) in names:
                if isinstance(node.ctx, ast.Load) and _is_from_outside(node, block):
                    yield from _foreign(model, block, node, block.qualname)


def _candidates(node: ast.AST) -> Iterator[ast.expr]:
    """What may be a session by the spelling: a method of sessions is called on it, or it is given to somebody."""
    match node:
        case ast.Attribute(attr=name, value=ast.Name() | ast.Attribute() as owner):
            if name in DISTINCTIVE or name == "add" or _NAMES.search(last_name(owner) or ""):
                yield owner
        case ast.Call():
            for given in arguments(node):
                if isinstance(given, ast.Name | ast.Attribute):
                    if _NAMES.search(last_name(given) or ""):
                        yield given


def _is_from_outside(node: ast.expr, block: Block) -> bool:
    """Does the expression begin with a name that is no local of a function, but imported, or another name for that?"""
    name = _first_name(node)
    here: Block | None = block if name is not None else None
    while here is not None:
        bindings = here.bindings.get(name or "")
        if bindings and (here is block or not here.is_class):
            return any(_is_imported(b) or _renames_imported(b) for b in bindings)
        here = here.parent
    return False


def _first_name(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _is_imported(binding: Binding) -> bool:
    return isinstance(binding.origin, Imported)


def _renames_imported(binding: Binding) -> bool:
    """`session = Database.session` at the top of a module."""
    match binding.origin:
        case Assigned(value=ast.Attribute() as value) if binding.block.parent is None:
            return any(map(_is_imported, binding.block.bindings.get(_first_name(value) or "", ())))
    return False


def _foreign(
    model: Model, block: Block, node: ast.expr, user: str
) -> Iterator[tuple[ast.expr, str, Made]]:
    for value in model.values(node, model.frame(block)):
        if isinstance(value, Made) and is_session(model, value) and not value.declared:
            if is_handed_out(model, value) and isinstance(node, ast.Attribute):
                owners = model.values(node.value, model.frame(block))
                if not all(isinstance(owner, ProjectModule) for owner in owners):
                    continue
            if value.appears.path != model.linted.path:
                yield node, user, value
