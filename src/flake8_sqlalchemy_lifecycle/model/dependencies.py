"""`Depends`, `Security` and `Provide`: where a file asks for a dependency, what runs for it, and who gets it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from . import calls, injection
from .bindings import Imported
from .inference import Model
from .scopes import Block, Module
from .spelling import argument_of
from .values import Cls, Frame, Func, Made, Value, Values

_NAMES = frozenset(name.rpartition(".")[2] for name in injection.DEPENDENCIES)


@dataclass(frozen=True, slots=True)
class Dependency:
    """One `Depends(…)` of a file, and the block that evaluates it."""

    call: ast.Call
    frame: Frame
    type: str

    @property
    def name(self) -> str:
        """`Depends`, `Security` or `Provide`."""
        return self.type.rpartition(".")[2]

    @property
    def is_dropped(self) -> bool:
        """Does nobody get what it gives, as in `dependencies=[Depends(check)]`?"""
        return self.name != "Provide" and any(
            isinstance(node, ast.keyword) and node.arg == "dependencies"
            for node in self.frame.block.ancestors(self.call)
        )


def dependencies(model: Model, module: Module) -> Iterator[Dependency]:
    """The dependencies that a file asks for, in the order of the text."""
    spelled = {
        name
        for name, bindings in module.block.bindings.items()
        for binding in bindings
        if isinstance(binding.origin, Imported) and binding.origin.name in _NAMES
    }
    found = [
        Dependency(call, frame, value.type)
        for call, block in module.calls()
        if _is_spelled(call.func, spelled)
        for frame in (model.frame(block),)
        for value in model.values(call, frame)
        if isinstance(value, Made) and value.type in injection.DEPENDENCIES
    ]
    return iter(sorted(found, key=lambda d: (d.call.lineno, d.call.col_offset)))


def _is_spelled(function: ast.expr, names: set[str]) -> bool:
    if isinstance(function, ast.Name):
        return function.id in names
    return isinstance(function, ast.Attribute) and function.attr in _NAMES


def targets(model: Model, dependency: Dependency) -> Values:
    """What the dependency is told to call."""
    call, frame = dependency.call, dependency.frame
    given = argument_of(call, "dependency", 0)
    return frozenset() if given is None else model.values(given, frame)


def activations(model: Model, target: Value) -> Iterator[Frame]:
    """The project functions that run when the framework calls a target."""
    if not isinstance(target, Cls):
        for function in calls.functions_in(model, frozenset({target})):
            yield calls.entry(model, function)


def consumers(dependency: Dependency) -> Iterator[Block]:
    """The functions of the same file that get what the dependency gives.

    For an alias, `DbSession = Annotated[Session, Depends(get_db)]`, those with a parameter annotated with it.
    """
    block = dependency.frame.block
    for node in block.ancestors(dependency.call):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield block.inner[node]
        if isinstance(node, ast.stmt):
            for alias in _assigned_names(node):
                yield from _annotated_with(block.module, alias)
            return


def _assigned_names(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            yield name
        case _ if type(node).__name__ == "TypeAlias":  # Python 3.12
            yield node.name.id  # type: ignore[attr-defined]


def _annotated_with(module: Module, alias: str) -> Iterator[Block]:
    for function in module.functions():
        annotations = (parameter.arg.annotation for parameter in function.parameters.values())
        if any(isinstance(node, ast.Name) and node.id == alias for node in annotations):
            yield function


def is_dependency(model: Model, function: Block) -> bool | None:
    """Does a generator's own file show it to be a dependency? None where the file does not tell.

    False where it is used in another way only: called, looped over, wrapped as a context manager, given to a container.
    """
    module = function.module
    shown: bool | None = None
    for block in module.blocks():
        if function.name not in block.words and not block.is_class:
            continue
        for node in block.nodes:
            if isinstance(node, ast.Name | ast.Attribute) and _spells(node) == function.name:
                if isinstance(node.ctx, ast.Load) and _means(model, node, block, function):
                    use = _use(model, node, block)
                    if use:
                        return True
                    shown = use if shown is None else shown
    return shown


def _spells(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr


def _means(model: Model, node: ast.Name | ast.Attribute, block: Block, function: Block) -> bool:
    values = model.values(node, model.frame(block))
    return any(isinstance(value, Func) and value.block is function for value in values)


def _use(model: Model, node: ast.expr, block: Block) -> bool | None:
    """Is a function handed to `Depends` here (True), used otherwise (False), or just named (None)?"""
    parent = block.parents.get(node)
    if isinstance(parent, ast.keyword):
        parent = block.parents.get(parent)
    if isinstance(parent, ast.Dict) and node in parent.values:
        return False
    if not isinstance(parent, ast.Call):
        return None
    if node is parent.func:
        return False
    return any(
        isinstance(value, Made)
        and value.type in injection.DEPENDENCIES
        and value.type != "litestar.Provide"
        for value in model.values(parent, model.frame(block))
    )
