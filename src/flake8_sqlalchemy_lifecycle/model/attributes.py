"""Attributes: of modules, of project classes and their instances, of library objects, and of an app's state."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import injection, invocation, passing, slots
from .bindings import Assigned, Binding, Defined, Entered
from .knowledge import (
    ATTRIBUTES,
    CONSTRUCTORS,
    FIELDS,
    MODELS,
    TYPES,
    VALIDATORS,
    VIEWS,
    Kind,
    Type,
    canonical,
    member,
)
from .scopes import Block, remembered
from .values import (
    NOTHING,
    UNKNOWN,
    Bound,
    Cls,
    Constant,
    Frame,
    Func,
    Instance,
    Library,
    Made,
    ProjectModule,
    Returning,
    Site,
    Super,
    Unknown,
    Value,
    Values,
)

if TYPE_CHECKING:
    from .inference import Model

STATE = "starlette.State"
_OF_MODELS = frozenset(Library(member(model, name)) for model in MODELS for name in CONSTRUCTORS)
SLOTS = {STATE: "state", "sanic.Context": "ctx"}
"""What an app keeps things on, and the attribute by which it has it."""
_PLAIN = Type()
_REQUESTS = ("starlette.Request", "starlette.WebSocket", "starlette.HTTPConnection")


def attribute(model: Model, value: Value, name: str) -> Values:
    """`value.name`."""
    match value:
        case ProjectModule(path):
            return model.export(path, name)
        case Library(dotted):
            full = f"{dotted}.{name}"
            known = canonical(full)
            return frozenset({Library(known)})
        case Instance(cls):
            if name == "__class__":
                return frozenset({cls})
            return of_instance(model, value, cls, name)
        case Cls():
            return _of_class(model, value, value, name)
        case Super(receiver, cls):
            return _above(model, receiver, cls, name)
        case Made():
            return _of_library(model, value, name)
        case Unknown():
            return UNKNOWN
        case Constant(None):
            return NOTHING  # None has none of the attributes that are asked for
    return frozenset({Bound(value, name)})


# project classes


def mro(model: Model, cls: Cls) -> tuple[Cls | Library, ...]:
    """The class and its bases in the order of look-up; bases that are not known are left out."""
    order = model.orders.get(cls)
    if order is None:
        cuts = model.cuts
        found: dict[Cls | Library, None] = {}
        _collect_bases(model, cls, found)
        order = tuple(found)
        if model.cuts == cuts:
            model.orders[cls] = order
    return order


def _collect_bases(model: Model, cls: Cls, found: dict[Cls | Library, None]) -> None:
    if cls in found or len(found) > 40:
        return
    found[cls] = None
    node = cls.block.node
    assert isinstance(node, ast.ClassDef)
    for expression in node.bases:
        base_expression = expression.value if isinstance(expression, ast.Subscript) else expression
        for base in model.values(base_expression, cls.closure):
            if isinstance(base, Cls):
                _collect_bases(model, base, found)
            elif isinstance(base, Library):
                found.setdefault(base)


def type_name(model: Model, value: Value) -> str | None:
    """The library type that an object is an instance of, through project subclasses too."""
    if isinstance(value, Made):
        return value.type
    return _library_type(model, value.cls) if isinstance(value, Instance) else None


def _library_type(model: Model, cls: Cls) -> str | None:
    for base in mro(model, cls):
        if isinstance(base, Library) and base.name in TYPES:
            return base.name
    return None


def class_kind(model: Model, cls: Cls) -> Kind | None:
    """What the instances of a project's class are to the rules."""
    name = _library_type(model, cls)
    return TYPES[name].kind if name else None


def kind_of(model: Model, value: Value) -> Kind | None:
    """What a value is to the rules; None for everything that they do not speak of."""
    name = type_name(model, value)
    known = TYPES.get(name) if name else None
    return known.kind if known else None


def is_async(model: Model, value: Value) -> bool:
    """Does the object belong to asyncio?"""
    name = type_name(model, value)
    return bool(name and name in TYPES and TYPES[name].is_async)


def of_instance(model: Model, instance: Instance, cls: Cls, name: str) -> Values:
    """An attribute of an instance: set by its methods, by its class, or from outside."""
    passed = invocation.field(model, instance, name)
    if passed - UNKNOWN:
        return passed
    found: set[Value] = set(passed)
    for base in mro(model, cls):
        if isinstance(base, Library):
            continue
        for store in self_stores(base.block).get(name, ()):
            found |= _stored(model, store, base, instance)
        member_values = _in_class(model, base, name, instance)
        if member_values is not None:
            if member_values - UNKNOWN:
                stored = _tells(found)  # then an annotation in the class says nothing more
                found |= {v for v in member_values if not (stored and _is_declared(v, base, name))}
            break
    if not _tells(found):
        found |= _stored_outside(model, instance, name)
    if found:
        return frozenset(found)
    owner = type_name(model, instance)
    if owner is not None:
        given = ATTRIBUTES.get(member(owner, name))
        if given is not None:
            return frozenset({Made(given, instance.site, instance)})
        return frozenset({Bound(instance, name)})
    getter = next((b for b in mro(model, cls) if isinstance(b, Library)), None)
    return UNKNOWN if getter is None else frozenset({Bound(instance, name)})


def _tells(values: set[Value] | Values) -> bool:
    return any(not isinstance(v, Unknown) and v != Constant(None) for v in values)


def _is_declared(value: Value, cls: Cls, name: str) -> bool:
    """Is it known by an annotation of this class alone?"""
    if isinstance(value, Instance):
        return any(
            isinstance(binding.origin, Assigned)
            and binding.origin.value is None
            and value.site == Site.of(binding.node, binding.block)
            for binding in cls.block.bindings.get(name, ())
        )
    return isinstance(value, Made) and value.declared and value.call is None


def _in_class(model: Model, cls: Cls, name: str, receiver: Value) -> Values | None:
    """What the class body binds to a name, seen through a receiver; None if it does not bind it."""
    bindings = cls.block.bindings.get(name)
    if not bindings:
        return None
    frame = _class_frame(cls)
    found: set[Value] = set()
    for binding in bindings:
        if isinstance(binding.origin, Defined) and binding.origin.block.is_function:
            found |= _method(model, Func(binding.origin.block, frame), receiver)
        else:
            for value in _injected(model, binding, frame) or model.bound(binding, frame):
                found |= _described(model, value, receiver)
            if _is_validated(model, cls, binding):
                found |= UNKNOWN
    return frozenset(found)


def _injected(model: Model, binding: Binding, frame: Frame) -> Values | None:
    """What a class-based view finds in a field: `session: Session = Depends(get_session)`."""
    match binding.origin:
        case Assigned(value=ast.expr() as value, path=(), annotation=annotation):
            return injection.dependency(model, value, frame, annotation)
    return None


def _class_frame(cls: Cls) -> Frame:
    return Frame(cls.block, cls.closure)


def _method(model: Model, function: Func, receiver: Value) -> Values:
    decorators = invocation.decorators(model, function)
    if "builtins.staticmethod" in decorators:
        return frozenset({function})
    if "builtins.classmethod" in decorators:
        owner: Value = receiver.cls if isinstance(receiver, Instance) else receiver
        return frozenset({Func(function.block, function.closure, owner)})
    bound = Func(function.block, function.closure, receiver)
    if invocation.is_property(decorators):
        return invocation.result(model, bound) if isinstance(receiver, Instance) else UNKNOWN
    return frozenset({bound if isinstance(receiver, Instance) else function})


def _is_validated(model: Model, cls: Cls, binding: Binding) -> bool:
    """Can a validator of the class put something else in the place of a field's value?"""
    if not isinstance(binding.origin, Assigned) or not binding.block.module.may_say("alidator"):
        return False
    if binding.origin.annotation is not None and any(
        isinstance(node, ast.Name) and node.id.endswith("Validator")
        for node in ast.walk(binding.origin.annotation)
    ):
        return True
    return any(
        binding.name in block.words
        and not VALIDATORS.isdisjoint(invocation.decorators(model, Func(block, _class_frame(cls))))
        for block in cls.block.inner.values()
        if block.is_function
    )


def _described(model: Model, value: Value, receiver: Value) -> Values:
    if isinstance(value, Made) and value.type in FIELDS:
        default = passing.argument_values(model, value, "default", FIELDS[value.type])
        return UNKNOWN if default is None else default
    if isinstance(value, Func) and value.receiver is None and isinstance(receiver, Instance):
        if value.block.name == "<lambda>":
            return frozenset({Func(value.block, value.closure, receiver)})
    return frozenset({value})


def _of_class(model: Model, cls: Cls, receiver: Value, name: str) -> Values:
    found: set[Value] = set()
    for base in mro(model, cls):
        if isinstance(base, Library):
            if base.name in TYPES:
                found.add(Library(member(base.name, name)))
            continue
        values = _in_class(model, base, name, receiver)
        if values is not None:
            found |= values
            break
    if not _tells(found):
        for method, store in _class_stores(model, cls, name):
            found |= model.values(store, method)
    if name in CONSTRUCTORS and isinstance(receiver, Cls) and not _tells(found - {*_OF_MODELS}):
        if any(isinstance(base, Library) and base.name in MODELS for base in mro(model, cls)):
            made = Instance(receiver, Site.of(cls.block.node, cls.block))
            return frozenset({Returning(frozenset({made}))})
    return frozenset(found) or UNKNOWN


def _class_stores(model: Model, cls: Cls, name: str) -> Iterator[tuple[Frame, ast.expr]]:
    """`cls.name = value` in class methods, and `Class.name = value` elsewhere in the files at hand."""
    for binding in self_stores(cls.block).get(name, ()):
        if isinstance(binding.origin, Assigned) and binding.origin.value is not None:
            yield model.frame(binding.block), binding.origin.value
    yield from _outside_stores(model, cls, name)


def _above(model: Model, receiver: Value, cls: Cls, name: str) -> Values:
    """`super().name` in a method of `cls`."""
    start = receiver.cls if isinstance(receiver, Instance) else cls
    bases = mro(model, start)
    after = bases[bases.index(cls) + 1 :] if cls in bases else mro(model, cls)[1:]
    for base in after:
        if isinstance(base, Library):
            if base.name in TYPES:
                return frozenset({Bound(receiver, name)})
            continue
        found = _in_class(model, base, name, receiver)
        if found is not None:
            return found
    return UNKNOWN


@remembered
def self_stores(cls: Block) -> dict[str, list[Binding]]:
    """`self.name = value` (and `with … as self.name`) in the methods of a class, by name."""
    found: dict[str, list[Binding]] = {}
    for method in cls.inner.values():
        if not method.is_function or not method.parameters:
            continue
        receiver = next(iter(method.parameters))
        for name, binding in _stores(method, receiver):
            found.setdefault(name, []).append(binding)
    return found


def _stores(block: Block, receiver: str) -> Iterator[tuple[str, Binding]]:
    for node in block.nodes_of(ast.Assign, ast.AnnAssign, ast.withitem):
        match node:
            case ast.Assign(targets=targets, value=value):
                pairs: list[tuple[ast.expr, tuple[int | None, ...]]] = [(t, ()) for t in targets]
                for target, path in pairs:
                    if isinstance(target, ast.Tuple | ast.List):
                        pairs += [(e, (*path, i)) for i, e in enumerate(target.elts)]
                    elif _is_attribute_of(target, receiver):
                        yield target.attr, Binding(target.attr, block, node, Assigned(value, path))  # type: ignore[attr-defined]
            case ast.AnnAssign(target=ast.Attribute(attr=name) as target):
                if _is_attribute_of(target, receiver):
                    origin = Assigned(node.value, (), node.annotation)
                    yield name, Binding(name, block, node, origin)
            case ast.withitem(optional_vars=ast.Attribute(attr=name) as target):
                if _is_attribute_of(target, receiver):
                    yield name, Binding(name, block, node, Entered(node.context_expr, ()))


def _is_attribute_of(target: ast.expr, receiver: str) -> bool:
    return (
        isinstance(target, ast.Attribute)
        and isinstance(target.value, ast.Name)
        and target.value.id == receiver
    )


def _stored(model: Model, store: Binding, cls: Cls, instance: Instance) -> Values:
    """What a method stores in an attribute, with what is known of the instance's construction."""
    method = store.block
    receiver = next(iter(method.parameters))
    args: tuple[tuple[str, Values], ...] = ((receiver, frozenset({instance})),)
    if method.name in ("__init__", "__new__", "__post_init__"):
        args += tuple((k, v) for k, v in instance.args if k in method.parameters)
    frame = Frame(method, _class_frame(cls), args, instance.frame)
    return model.bound(store, frame)


# stores from outside


def _outside_stores(model: Model, owner: Value, name: str) -> Iterator[tuple[Frame, ast.expr]]:
    """`expression.name = value` where the expression can be `owner`, in the linted file and the owner's own."""
    model.cuts += 1
    paths = {model.linted.path}
    if isinstance(owner, Instance):
        paths |= {owner.site.path, owner.cls.block.module.path}
    elif isinstance(owner, Cls):
        paths.add(owner.block.module.path)
    for path in sorted(paths):
        module = model.project.module(path)
        if module is None or not module.may_say(f".{name} ="):
            continue
        for block, receiver, value in module.attribute_stores.get(name, ()):
            frame = model.frame(block)
            if _same(owner, model.values(receiver, frame)):
                yield frame, value


def _same(owner: Value, values: Values) -> bool:
    if isinstance(owner, Instance):
        return any(isinstance(v, Instance) and v.cls == owner.cls for v in values)
    return owner in values


def _stored_outside(model: Model, instance: Instance, name: str) -> Values:
    return model.union(model.values(v, f) for f, v in _outside_stores(model, instance, name))


# objects of libraries


def _of_library(model: Model, made: Made, name: str) -> Values:
    if made.type in SLOTS:
        return slots.of_state(model, SLOTS[made.type], name)
    if name == "state" and (_is_app(made) or made.type in _REQUESTS):
        return frozenset({Made(STATE, made.site)})
    if name == "app" and made.type in _REQUESTS:
        return frozenset({Made("starlette.Starlette", made.site, declared=True)})
    if name in ("app", "config_dict") and made.type == "aiohttp.Request":
        return frozenset({Made("aiohttp.Application", made.site, declared=True)})
    key = member(made.type, name)
    given = ATTRIBUTES.get(key)
    if given is not None:
        if key in VIEWS:
            return frozenset({Made(given, made.site, made.origin, made.context, True)})
        return frozenset({Made(given, made.site, made)})
    if TYPES.get(made.type, _PLAIN).kind is Kind.APP:
        kept = _kept_on_app(model, made, name)
        if kept:
            return kept
    return frozenset({Bound(made, name)})


def _kept_on_app(model: Model, app: Made, name: str) -> Values:
    """`app.name = value` in the file that constructs the app, or where it is a parameter."""
    module = model.project.module(app.site.path)
    stores = module.attribute_stores.get(name, ()) if module is not None else ()
    return model.union(
        model.values(value, model.frame(block))
        for block, receiver, value in stores
        if any(
            isinstance(v, Made) and v.type == app.type and (v.site == app.site or v.declared)
            for v in model.values(receiver, model.frame(block))
        )
    )


def _is_app(made: Made) -> bool:
    known = TYPES.get(made.type)
    return bool(known and known.kind in (Kind.APP, Kind.ROUTER))
