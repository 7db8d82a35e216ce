"""Who runs a function, and which functions it runs: the roots of the paths, and the steps along them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

from . import attributes, injection, invocation, passing
from .bindings import Imported, Parameter
from .knowledge import DECORATORS, DISPATCHED, TAKES, Role
from .knowledge.tasks import WORKER_SETTINGS
from .scopes import Block, Module, remembered
from .spelling import argument_of
from .truth import is_skipped
from .values import (
    UNKNOWN,
    Cls,
    Coroutine,
    Elements,
    Frame,
    Func,
    Instance,
    Items,
    Library,
    Made,
    Partial,
    Site,
    TypeForm,
    Value,
    Values,
    in_order,
)

if TYPE_CHECKING:
    from .inference import Model

_HANDS_OVER = {
    "asyncio.to_thread": 0,
    "starlette.run_in_threadpool": 0,
    "anyio.run_sync": 0,
    "asyncio.AbstractEventLoop.run_in_executor": 1,
    "concurrent.ThreadPoolExecutor.submit": 0,
    "sqlalchemy.AsyncSession.run_sync": 0,
    "sqlalchemy.AsyncConnection.run_sync": 0,
}
"""Library functions that run the function that they get: the index of that argument."""


_HANDING = frozenset(name.rpartition(".")[2] for name in _HANDS_OVER)
_TAKING = frozenset(name.rpartition(".")[2] for name in TAKES)
_DECORATING = frozenset(name.rpartition(".")[2] for name in DECORATORS)
Interesting = Callable[[frozenset[str] | set[str]], bool]


@dataclass(frozen=True, slots=True)
class Root:
    """A function that a framework runs, and the place in the file that makes it so."""

    role: Role
    function: Func
    node: ast.AST
    block: Block


@dataclass(frozen=True, slots=True)
class Step:
    """One call on a path: the expression in `caller`, and the activation that it leads to."""

    node: ast.AST
    caller: Frame
    callee: Frame


def roots(model: Model, interesting: Interesting | None = None) -> Iterator[Root]:
    """The functions that the linted file gives to frameworks, in the order of the text.

    Where `interesting` is given, only what spells a name that it wants is looked at.
    """
    for node, block in _registering(model.linted):
        if isinstance(node, ast.Call):
            if interesting is None or interesting(_spelled(_given_by(node, block))):
                yield from _given(model, node, block, model.frame(block))
        elif interesting is None or interesting(block.inner[node].words):
            if isinstance(node, ast.ClassDef):
                yield from _dispatched(model, node, block, model.frame(block))
                yield from _worker_settings(model, block.inner[node])
            else:
                yield from _decorated(model, node, block, model.frame(block))


_Registering = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Call


def _registering(module: Module) -> tuple[tuple[_Registering, Block], ...]:
    """What may give a function to a framework, by its spelling: decorated functions, classes, calls. Remembered."""
    found: tuple[tuple[_Registering, Block], ...] | None = module.block.remembered.get(_registering)
    if found is None:
        taking, decorating = {*_TAKING, *module.renamed}, {*_DECORATING, *module.renamed}
        found = module.block.remembered[_registering] = tuple(
            (node, block)
            for block in module.blocks()
            for node in block.nodes_of(
                ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Call
            )
            if _may_register(node, taking, decorating)
        )
    return found


def _may_register(node: ast.AST, taking: set[str], decorating: set[str]) -> TypeGuard[_Registering]:
    match node:
        case ast.Call():
            return spelled(node) in taking
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return any(_decorating_word(d) in decorating for d in node.decorator_list)
    return isinstance(node, ast.ClassDef)


def _decorating_word(decorator: ast.expr) -> str | None:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    return getattr(target, "attr", getattr(target, "id", None))


def _decorated(
    model: Model, node: ast.FunctionDef | ast.AsyncFunctionDef, block: Block, frame: Frame
) -> Iterator[Root]:
    function = Func(block.inner[node], frame)
    seen: set[Role] = set()
    for index, decorator in enumerate(node.decorator_list):
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        word = _decorating_word(decorator)
        if word not in _DECORATING and word not in model.linted.renamed:
            continue
        for name in names_of(model, model.values(target, frame)):
            role = DECORATORS.get(name)
            if role is not None and role not in seen:
                seen.add(role)
                yield Root(role, _with_receiver(model, function, block), node, block)
                for inner in node.decorator_list[index + 1 :]:
                    for wrapper in _wrappers(model, inner, function, frame):
                        yield Root(role, wrapper, inner, block)


def _wrappers(model: Model, decorator: ast.expr, function: Func, frame: Frame) -> Iterator[Func]:
    """What a decorator of the project puts in the place of a function."""
    for value in in_order(model.values(decorator, frame)):
        if isinstance(value, Func) and value.receiver is None and value.block.parameters:
            given = ((next(iter(value.block.parameters)), frozenset({function})),)
            for wrapper in in_order(invocation.run(model, value, given, None, None)):
                if isinstance(wrapper, Func) and wrapper.block is not function.block:
                    yield wrapper


def _with_receiver(model: Model, function: Func, block: Block) -> Func:
    """A decorated method gets an instance of its class."""
    if not block.is_class or block.parent is None:
        return function
    cls = Cls(block, model.frame(block.parent))
    return Func(function.block, function.closure, Instance(cls, Site.of(block.node, block)))


def _dispatched(model: Model, node: ast.ClassDef, block: Block, frame: Frame) -> Iterator[Root]:
    cls = Cls(block.inner[node], frame)
    for base in attributes.mro(model, cls):
        if isinstance(base, Library) and base.name in DISPATCHED:
            role, names = DISPATCHED[base.name]
            for method, inner in cls.block.inner.items():
                if inner.is_function and inner.name in names:
                    function = Func(inner, model.frame(cls.block))
                    yield Root(role, _with_receiver(model, function, cls.block), method, cls.block)


def _worker_settings(model: Model, cls: Block) -> Iterator[Root]:
    """The functions that a class names for arq: one with `functions`, that tells of Redis or whose file imports arq."""
    if "functions" not in cls.bindings:
        return
    if "redis_settings" not in cls.bindings and not _imports(cls.module, "arq"):
        return
    frame = model.frame(cls)
    for statement in cls.nodes:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ) if name in WORKER_SETTINGS:
                for given in value.elts if isinstance(value, ast.List | ast.Tuple) else [value]:
                    for function in functions_in(model, model.values(given, frame)):
                        yield Root(WORKER_SETTINGS[name], function, given, cls)


def _imports(module: Module, package: str) -> bool:
    return any(
        isinstance(binding.origin, Imported) and binding.origin.dotted.split(".")[0] == package
        for bindings in module.block.bindings.values()
        for binding in bindings
    )


def _given(model: Model, node: ast.Call, block: Block, frame: Frame) -> Iterator[Root]:
    for name in names_of(model, model.values(node.func, frame)):
        for takes in TAKES.get(name, ()):
            given = argument_of(node, takes.keyword, takes.index)
            if given is None and name in injection.DEPENDENCIES:
                given = _type_beside(node, block)
            if given is None or (takes.kept_by and _is_on(node, takes.kept_by)):
                continue
            for function in functions_in(model, model.values(given, frame)):
                if not (takes.once and function.block.name == "__init__"):
                    yield Root(takes.role, function, node, block)


def _is_on(call: ast.Call, keyword: str) -> bool:
    given = argument_of(call, keyword)
    return isinstance(given, ast.Constant) and given.value is True


def _given_by(call: ast.Call, block: Block) -> ast.expr:
    """The call, or the type that stands beside one without arguments."""
    bare = not call.args and not call.keywords
    return (_type_beside(call, block) if bare else None) or call


def _type_beside(dependency: ast.Call, block: Block) -> ast.expr | None:
    """The class that a bare `Depends()` in an `Annotated[Service, Depends()]` stands for."""
    for outer in block.ancestors(dependency):
        if isinstance(outer, ast.Subscript):
            return _annotated_with(outer, dependency)
    return None


def spelled(call: ast.Call) -> str | None:
    """The name by which a function or method is called."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return None


def names_of(model: Model, values: Values) -> Iterator[str]:
    """The canonical names of the library functions, methods and classes among values."""
    for value in values:
        name = invocation.callee_name(model, value)
        if name is not None:
            yield name


def functions_in(model: Model, values: Values) -> Iterator[Func]:
    """The project functions that a framework runs when it is given these values."""
    for value in in_order(values):
        match value:
            case Func():
                yield value
            case Partial(function):
                yield from functions_in(model, frozenset({function}))
            case Items(elements):
                for element in elements:
                    yield from functions_in(model, element)
            case Elements(inner):
                yield from functions_in(model, inner)
            case Cls():
                for name in ("__init__", "dispatch", "__call__"):
                    instance = Instance(value, _class_site(value))
                    found = attributes.of_instance(model, instance, value, name)
                    yield from (f for f in found if isinstance(f, Func))
            case Instance(cls):
                found = attributes.of_instance(model, value, cls, "__call__")
                yield from (f for f in found if isinstance(f, Func))


def _class_site(cls: Cls) -> Site:
    return Site.of(cls.block.node, cls.block)


def entry(_model: Model, function: Func) -> Frame:
    """The activation of a function that a framework calls."""
    args: tuple[tuple[str, Values], ...] = ()
    if function.receiver is not None and function.block.parameters:
        args = ((next(iter(function.block.parameters)), frozenset({function.receiver})),)
    return Frame(function.block, function.closure, args)


def activations_of(model: Model, block: Block) -> tuple[Frame, ...]:
    """The activations of a function by the calls of its own file; one of unknown caller where there are none."""
    function = block.function
    if function is None or isinstance(function.node, ast.Lambda):
        return (model.frame(block),)
    name = function.name
    if function.method_of is not None and name == "__init__":
        name = function.method_of.name
    found: dict[Frame, None] = {}
    for call, caller in function.module.calls():
        if name in (getattr(call.func, "id", None), getattr(call.func, "attr", None)):
            if caller.function is function:
                continue
            frame = model.frame(caller)
            for callee in model.values(call.func, frame):
                for activation in activations(model, callee, call, frame):
                    if activation.block is function:
                        found[activation] = None
    if not found or block is not function:
        return (model.frame(block),)
    return tuple(found)


def steps(model: Model, frame: Frame, interesting: Interesting) -> Iterator[Step]:
    """The project functions that a function runs: called, injected, entered, read as properties, handed to a thread.

    Only expressions with a name that is `interesting` are looked at: a callable gets the names that an expression
    spells and says whether one of them matters.
    """
    block = frame.block
    if not interesting(block.words):
        return
    if frame.call is None or not frame.args:
        yield from _injected_steps(model, frame, interesting)
    for node, words in _stepping(block):
        match node:
            case ast.Call():
                if interesting(words) and not is_spared(model, node, frame):
                    for callee in in_order(model.values(node.func, frame)):
                        for activation in activations(model, callee, node, frame):
                            yield Step(node, frame, activation)
                elif node.args and _may_hand_over(node, block.module):
                    yield from _handed_over(model, node, frame, interesting)
            case ast.Attribute() if interesting(words):
                yield from property_steps(model, node, frame)
            case ast.withitem(context_expr=context) if interesting(words):
                yield from _entered_steps(model, context, frame)


@remembered
def _stepping(block: Block) -> tuple[tuple[ast.AST, frozenset[str]], ...]:
    """What may be a step: calls, attributes and what `with` enters, with the names that they spell."""
    nodes = block.nodes_of(ast.Call, ast.Attribute, ast.withitem)
    return tuple((node, _words_of_step(node)) for node in nodes)


def _words_of_step(node: ast.AST) -> frozenset[str]:
    match node:
        case ast.Call(func=spelling) | ast.withitem(context_expr=spelling):
            return frozenset(_spelled(spelling))
        case ast.Attribute(attr=name):
            return frozenset({name})
    return frozenset()


def is_spared(model: Model, call: ast.Call, frame: Frame) -> bool:
    """Need the call not run: by the arguments of the activation, or as `engine or make()` has an object already?"""
    if is_skipped(model, call, frame):
        return True
    inside: ast.AST = call
    for outer in frame.block.ancestors(call):
        if isinstance(outer, ast.stmt):
            return False
        if isinstance(outer, ast.BoolOp) and isinstance(outer.op, ast.Or):
            for before in outer.values[: outer.values.index(inside)]:  # type: ignore[arg-type]
                if any(isinstance(v, Made | Instance) for v in model.values(before, frame)):
                    return True
        inside = outer
    return False


def _spelled(node: ast.AST) -> set[str]:
    """The names in an expression."""
    found: set[str] = set()
    while isinstance(node, ast.Attribute):
        found.add(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        found.add(node.id)
        return found
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            found.add(part.id)
        elif isinstance(part, ast.Attribute):
            found.add(part.attr)
    return found


def activations(
    model: Model,
    callee: Value,
    node: ast.Call,
    frame: Frame,
    interesting: Interesting | None = None,
) -> Iterator[Frame]:
    """The activations of project functions that a call of `callee` starts (at once, or when it is awaited).

    Where `interesting` is given, functions that spell nothing of interest may be left out.
    """
    match callee:
        case Func(block):
            if interesting is not None and not interesting(block.words):
                return
            args = passing.bind(model, block, node, frame, callee.receiver)
            found = model.activation(callee, args, frame, node)
            if found is not None:
                yield found
        case Cls():
            for made in invocation.call(model, callee, node, frame):
                if isinstance(made, Instance):
                    for name in ("__init__", "__post_init__"):
                        for method in attributes.of_instance(model, made, callee, name):
                            yield from (
                                activations(model, method, node, frame)
                                if isinstance(method, Func)
                                else ()
                            )
        case Instance(cls):
            for method in attributes.of_instance(model, callee, cls, "__call__"):
                if isinstance(method, Func):
                    yield from activations(model, method, node, frame)
        case Partial(function):
            for value in invocation.call(model, callee, node, frame):
                if isinstance(value, Coroutine):
                    yield value.frame
                    return
            if isinstance(function, Func):
                found = model.activation(function, (), frame, node)
                if found is not None:
                    yield found


def _may_hand_over(call: ast.Call, module: Module) -> bool:
    name = spelled(call)
    return name in _HANDING or name in module.renamed


def _handed_over(
    model: Model,
    node: ast.Call,
    frame: Frame,
    interesting: Interesting,
) -> Iterator[Step]:
    if not any(
        isinstance(a, ast.Name | ast.Attribute) and interesting(_spelled(a)) for a in node.args
    ):
        return
    for name in names_of(model, model.values(node.func, frame)):
        index = _HANDS_OVER.get(name)
        if index is None or index >= len(node.args):
            continue
        shifted = ast.Call(node.args[index], node.args[index + 1 :], node.keywords)
        ast.copy_location(shifted, node)
        for callee in model.values(node.args[index], frame):
            for activation in activations(model, callee, shifted, frame):
                yield Step(node, frame, activation)


def property_steps(model: Model, node: ast.Attribute, frame: Frame) -> Iterator[Step]:
    """The properties that reading an attribute runs."""
    for value in model.values(node.value, frame):
        if not isinstance(value, Instance):
            continue
        for base in attributes.mro(model, value.cls):
            if isinstance(base, Cls):
                for binding in base.block.bindings.get(node.attr, ()):
                    block = base.block.inner.get(binding.node)
                    if block is None or not block.is_function:
                        continue
                    function = Func(block, Frame(base.block, base.closure), value)
                    if invocation.is_property(invocation.decorators(model, function)):
                        args = entry(model, function).args
                        found = model.activation(function, args, frame, node)
                        if found is not None:
                            yield Step(node, frame, found)


def _entered_steps(model: Model, node: ast.expr, frame: Frame) -> Iterator[Step]:
    """`with manager:` runs the class's `__enter__` and `__exit__`."""
    for value in model.values(node, frame):
        if not isinstance(value, Instance):
            continue
        for name in ("__enter__", "__aenter__", "__exit__", "__aexit__"):
            for method in attributes.of_instance(model, value, value.cls, name):
                if isinstance(method, Func):
                    found = model.activation(method, entry(model, method).args, frame, node)
                    if found is not None:
                        yield Step(node, frame, found)


def _injected_steps(model: Model, frame: Frame, interesting: Interesting) -> Iterator[Step]:
    """The dependencies in a function's parameters."""
    closure = frame.closure or frame
    for expression, annotation, words in _injecting(frame.block):
        if interesting(words):
            for node, target in injected_in(model, expression, closure, annotation):
                found = model.activation(target, entry(model, target).args, frame, node)
                if found is not None:
                    yield Step(node, frame, found)


@remembered
def _injecting(block: Block) -> tuple[tuple[ast.expr, ast.expr | None, frozenset[str]], ...]:
    """The defaults and annotations of a function, each with its annotation, and with what both spell."""
    return tuple(
        (part, parameter.arg.annotation, _words_of_parameter(parameter))
        for parameter in block.parameters.values()
        for part in (parameter.default, parameter.arg.annotation)
        if part is not None
    )


def _words_of_parameter(parameter: Parameter) -> frozenset[str]:
    parts = (parameter.default, parameter.arg.annotation)
    return frozenset().union(*(_spelled(part) for part in parts if part is not None))


def injected_in(
    model: Model, expression: ast.expr, frame: Frame, annotation: ast.expr | None
) -> Iterator[tuple[ast.expr, Func]]:
    """The functions that a dependency in a default or annotation runs, each with the place that says so."""
    inside = set(ast.walk(expression))
    for node, where, beside in dependency_calls(model, expression, frame, 0):
        for value in model.values(node, where):
            if isinstance(value, Made) and value.type in injection.DEPENDENCIES:
                targets = dependency_targets(model, value, (beside, where), (annotation, frame))
                for target in functions_in(model, targets):
                    yield (node if node in inside else expression), target


def dependency_targets(
    model: Model, dependency: Made, *types: tuple[ast.expr | None, Frame]
) -> Values:
    """What `Depends(f)` names; a bare `Depends()` stands for the first type beside it that is said."""
    targets = passing.argument_values(model, dependency, "dependency", 0)
    if targets is not None:
        return targets
    for annotation, frame in types:
        if annotation is not None:
            return model.values(annotation, frame)
    return UNKNOWN


def dependency_calls(
    model: Model, expression: ast.expr, frame: Frame, depth: int
) -> Iterator[tuple[ast.expr, Frame, ast.expr | None]]:
    """The calls in an annotation or default, aliases followed, each with the type that it annotates."""
    if depth > 4:
        return
    for node in ast.walk(expression):
        if isinstance(node, ast.Call):
            yield node, frame, _annotated_with(expression, node)
        elif isinstance(node, ast.Name | ast.Attribute):
            for value in model.values(node, frame):
                if isinstance(value, TypeForm):
                    yield from dependency_calls(model, value.annotation, value.frame, depth + 1)
                elif isinstance(value, Made) and value.call is not None and value.frame is not None:
                    if value.type in injection.DEPENDENCIES:
                        yield value.call, value.frame, _annotated_with(expression, node)


def _annotated_with(expression: ast.expr, metadata: ast.expr) -> ast.expr | None:
    """`Service` of `Annotated[Service, Depends()]`."""
    for node in ast.walk(expression):
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple):
            if metadata in node.slice.elts[1:]:
                return node.slice.elts[0]
    return None
