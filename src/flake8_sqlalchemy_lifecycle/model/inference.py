"""Expression → the values that it can have.

A `Model` answers for one linted file and is thrown away with it, so that no answer depends on what was linted
before. Everything is asked on demand, remembered, and bounded: by call depth, and by a budget of steps. What modules
and classes bind is remembered for the next files too, where no bound cut the answer short and nothing of the linted
file went into it: `cuts` counts what would spoil that.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable
from typing import Any

from . import attributes, containers, hints, invocation, passing, slots, strings
from .bindings import (
    Aliased,
    Assigned,
    Binding,
    Defined,
    Entered,
    Imported,
    Iterated,
    Matched,
    Parameter,
    Path,
)
from .knowledge import ENVIRONMENT, canonical
from .narrowing import narrowed
from .project import Project
from .scopes import Block, Module
from .values import (
    NOTHING,
    UNKNOWN,
    Cls,
    Constant,
    Elements,
    Frame,
    Func,
    Generator,
    Instance,
    Items,
    Library,
    Made,
    Mapping,
    ProjectModule,
    Site,
    Text,
    TypeForm,
    Unknown,
    Value,
    Values,
)

_BUDGET = 40_000  # steps for one file
_SHARE = 15_000  # of them for one rule at the most
_LEAST = 1_500  # for a rule that comes late
_DEPTH = 8
_WIDEST = 32
_PENDING: Values = frozenset([*UNKNOWN])
"""What an expression is that leads back to itself: unknown, and told from others by its identity."""


class Model:
    """What the code of one linted file means, its imports followed."""

    def __init__(self, module: Module) -> None:
        self.linted = module
        self.project: Project = module.project
        self._memo: dict[tuple[ast.AST, Frame], Values] = {}
        self._frames: dict[Block, Frame] = {}
        self.returned: dict[Frame, Values] = {}
        self.partly_returned: set[Frame] = set()
        self.yielded: dict[Frame, Values] = {}
        self.orders: dict[Cls, tuple[Cls | Library, ...]] = {}
        self.decorators: dict[tuple[Block, Frame], frozenset[str]] = {}
        self.parsed: dict[ast.Constant, ast.expr | None] = {}
        self.held: dict[tuple[Instance, int], Values] = {}
        self._given = self._steps = _SHARE
        self._left = _BUDGET
        self._exhausted = False
        self._partial: set[tuple[ast.AST, Frame]] = set()
        self.cuts = 0
        self.remembered: dict[object, Any] = {}
        """What was found out for the linted file, by who found it out."""

    def begin_question(self) -> None:
        """Give the next rule its share of steps, and forget what the last one could not afford to know."""
        self._left -= self._given - max(self._steps, 0)
        self._given = self._steps = max(_LEAST, min(_SHARE, self._left))
        if self._exhausted:
            self._exhausted = False
            for key in self._partial:
                self._memo.pop(key, None)
            self._partial.clear()
            for frame in self.partly_returned:
                self.returned.pop(frame, None)
            self.partly_returned.clear()
            self.yielded.clear()

    # frames

    def frame(self, block: Block) -> Frame:
        """The activation of a block about whose caller nothing is known."""
        frame = self._frames.get(block)
        if frame is None:
            closure = self.frame(block.parent) if block.parent else None
            frame = self._frames[block] = Frame(block, closure)
        return frame

    def activation(
        self,
        function: Func,
        args: tuple[tuple[str, Values], ...],
        caller: Frame | None,
        call: ast.AST | None,
    ) -> Frame | None:
        """The activation of a function called with these arguments; None where the calls are too deep."""
        frame = Frame(function.block, function.closure, args, caller, call)
        if frame.depth > _DEPTH:
            self.cuts += 1
            return None
        return frame

    # expressions

    def values(self, node: ast.AST | None, frame: Frame) -> Values:
        """What `node`, an expression of `frame`'s block, can be. Never empty: `UNKNOWN` where nothing is known."""
        if node is None:
            return UNKNOWN
        key = (node, frame)
        found = self._memo.get(key)
        if found is not None:
            if found is _PENDING or key in self._partial:
                self.cuts += 1
            return found
        shared = frame.caller is None and not frame.args
        if shared and (found := self.project.facts.get(key)) is not None:
            return found
        if self._steps <= 0:
            self._exhausted = True
            self.cuts += 1
            return UNKNOWN
        self._steps -= 1
        cuts = self.cuts
        self._memo[key] = _PENDING
        try:
            found = self._infer(node, frame) or UNKNOWN
            if len(found) > _WIDEST:
                found = UNKNOWN
        except RecursionError:
            self.cuts += 1
            found = UNKNOWN
        self._memo[key] = found
        if self.cuts != cuts:
            self._partial.add(key)
        elif shared:
            self.project.facts[key] = found
        return found

    def _infer(self, node: ast.AST, frame: Frame) -> Values:
        match node:
            case ast.Name():
                return self._name(node, frame)
            case ast.Attribute():
                return self.union(
                    [
                        attributes.attribute(self, value, node.attr)
                        for value in self.values(node.value, frame)
                    ]
                )
            case ast.Call():
                return self.union(
                    [
                        invocation.call(self, value, node, frame)
                        for value in self.values(node.func, frame)
                    ]
                )
            case ast.Await():
                return self.union(
                    invocation.awaited(self, v) for v in self.values(node.value, frame)
                )
            case ast.Constant():
                return frozenset({Constant(node.value)})
            case ast.JoinedStr():
                return strings.joined(self, node, frame)
            case ast.BinOp():
                return hints.union_type(self, node, frame) or strings.operation(self, node, frame)
            case ast.BoolOp():
                return self._bool_op(node, frame)
            case ast.IfExp():
                return self.values(node.body, frame) | self.values(node.orelse, frame)
            case ast.NamedExpr():
                return self.values(node.value, frame)
            case ast.Tuple() | ast.List() | ast.Set():
                return self._display(node, frame)
            case ast.Dict():
                return self._dict(node, frame)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                return frozenset({Elements(self.values(node.elt, frame))})
            case ast.Lambda():
                return frozenset({Func(frame.block.inner[node], frame)})
            case ast.Subscript():
                return self._subscript(node, frame)
            case ast.Starred():
                return self.values(node.value, frame)
        return UNKNOWN

    def union(self, sets: Iterable[Values]) -> Values:
        """All the values of several sets."""
        sets = sets if isinstance(sets, list) else list(sets)
        return sets[0] if len(sets) == 1 else NOTHING.union(*sets)

    def _bool_op(self, node: ast.BoolOp, frame: Frame) -> Values:
        sets = [self.values(operand, frame) for operand in node.values]
        if isinstance(node.op, ast.Or):
            sets = [*(self._truthy(values) for values in sets[:-1]), sets[-1]]
        return self.union(sets)

    def _truthy(self, values: Values) -> Values:
        """What passes for true; of an environment variable nothing is known, so that its default counts."""
        return frozenset(
            v
            for v in values
            if not (isinstance(v, Constant) and not v.value)
            and not (isinstance(v, Made) and v.type in ENVIRONMENT)
        )

    def _display(self, node: ast.Tuple | ast.List | ast.Set, frame: Frame) -> Values:
        if any(isinstance(element, ast.Starred) for element in node.elts):
            sets = [
                self.iterated(self.values(element.value, frame))
                if isinstance(element, ast.Starred)
                else self.values(element, frame)
                for element in node.elts
            ]
            return frozenset({Elements(self.union(sets))})
        return frozenset({Items(tuple(self.values(element, frame) for element in node.elts))})

    def _dict(self, node: ast.Dict, frame: Frame) -> Values:
        entries: dict[object, Values] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant):
                entries[key.value] = self.values(value, frame)
            elif key is None:
                for mapping in self.values(value, frame):
                    if not isinstance(mapping, Mapping):
                        return UNKNOWN
                    entries.update(mapping.entries)
            else:
                return frozenset({Elements(self.union(self.values(v, frame) for v in node.values))})
        return frozenset({Mapping(tuple(entries.items()))})

    def _subscript(self, node: ast.Subscript, frame: Frame) -> Values:
        found: set[Value] = set()
        for base in self.values(node.value, frame):
            match base:
                case Library() | TypeForm() | Cls():
                    found.add(TypeForm(node, frame))
                case Items() | Elements() | Mapping():
                    for key in self.values(node.slice, frame):
                        found |= self.item(base, key.value if isinstance(key, Constant) else None)
                case Made(type=slots.KEYED):
                    found |= slots.of_key(self, node.slice, frame)
                case _:
                    found |= UNKNOWN
        return frozenset(found)

    def item(self, container: Value, key: object) -> Values:
        """`container[key]`; a key of None stands for one that is not known."""
        match container:
            case Items(elements):
                if isinstance(key, int) and -len(elements) <= key < len(elements):
                    return elements[key]
                return self.union(elements) if key is None else UNKNOWN
            case Elements(values):
                return values
            case Mapping(entries):
                if key is None:
                    return self.union(values for _, values in entries) or UNKNOWN
                return container.get(key) or UNKNOWN
        return UNKNOWN

    # names

    def _name(self, node: ast.Name, frame: Frame) -> Values:
        binding = frame.block.comprehension_binding(node)
        if binding is not None:
            return self.bound(binding, frame)
        found = self.lookup(node.id, frame, node)
        if len(found) > 1 and frame.block.module.may_say("isinstance("):
            return narrowed(self, node, found, frame) or found
        return found

    def lookup(self, name: str, frame: Frame, use: ast.AST | None = None) -> Values:
        """What a name means in a frame, at a use (or anywhere in the block, when that is None)."""
        current: Frame | None = frame
        while current is not None:
            block = current.block
            if current is frame or not block.is_class:
                outer = block.outer_names.get(name)
                if outer == "global":
                    current = self.frame(block.module.block)
                    return self._found(name, current, None)
                if outer is None:
                    reach = use if current is frame else None
                    found = self._found(name, current, reach)
                    if found or name in block.bindings:
                        return found
            current = current.closure
        return frozenset({Library(f"builtins.{name}")})

    def _found(self, name: str, frame: Frame, use: ast.AST | None) -> Values:
        block = frame.block
        bindings = block.reaching(name, use)
        if bindings:
            return self.union(
                [
                    self.bound(b, frame if b.block is block else self.frame(b.block))
                    for b in bindings
                ]
            )
        for star in block.stars:
            path = self.project.resolve(block.module.path, star.dotted, star.level)
            if path is not None and not name.startswith("_"):
                found = self.export(path, name)
                if found - UNKNOWN:
                    return found
            elif path is None and star.level == 0:
                known = canonical(f"{star.dotted}.{name}")
                if known != f"{star.dotted}.{name}":
                    return frozenset({Library(known)})
        return NOTHING

    def export(self, path: str, name: str) -> Values:
        """The value of a module's global name, or its submodule of that name."""
        module = self.project.module(path)
        if module is not None:
            try:
                found = self._found(name, self.frame(module.block), None)
            except RecursionError:  # a name that hundreds of modules hand on
                self.cuts += 1
                return UNKNOWN
            if found:
                return found
        inside = path if path.endswith(".py") else os.path.join(path, "__init__.py")
        submodule = self.project.resolve(inside, name, 1) if _is_package(path) else None
        if submodule is not None and submodule != path:
            return frozenset({ProjectModule(submodule)})
        return UNKNOWN

    def bound(self, binding: Binding, frame: Frame) -> Values:
        """What one binding gives its name; `frame` is an activation of the binding's block."""
        match binding.origin:
            case Imported() as imported:
                return self._imported(imported, frame.block.module)
            case Defined(block):
                if block.is_class:
                    return frozenset({Cls(block, frame)})
                return frozenset({Func(block, frame)})
            case Assigned(None, (), annotation):
                return self._declared(binding, frame) or hints.annotated(
                    self, annotation, frame, binding.node
                )
            case Assigned(value, path, annotation):
                found = self.select(self.values(value, frame), path) if value else UNKNOWN
                if value is not None and not path and containers.is_empty(value):
                    found = containers.filled(self, binding, frame) or found
                if annotation is not None and not found - UNKNOWN:
                    found = hints.annotated(self, annotation, frame, binding.node)
                return found
            case Aliased(value):
                return frozenset({TypeForm(value, frame)})
            case Iterated(iterable, path):
                return self.select(self.iterated(self.values(iterable, frame)), path)
            case Entered(context, path):
                entered = (invocation.entered(self, v) for v in self.values(context, frame))
                return self.select(self.union(entered), path)
            case Parameter() as parameter:
                return passing.parameter(self, parameter, frame)
            case Matched(annotation):
                return hints.annotated(self, annotation, frame, binding.node)
        return UNKNOWN

    def _declared(self, binding: Binding, frame: Frame) -> Values:
        """What the name of a `name: Type` without a value was bound to before: at run time it binds nothing."""
        earlier = frame.block.before(binding)
        return known(self.union(self.bound(b, frame) for b in earlier))

    def _imported(self, imported: Imported, module: Module) -> Values:
        path = self.project.resolve(module.path, imported.dotted, imported.level)
        if path is None:
            if imported.name is not None and module.path.endswith("__init__.py"):
                inside = f"{imported.dotted}.{imported.name}".lstrip(".")
                submodule = self.project.resolve(module.path, inside, imported.level)
                if submodule is not None:  # a package that imports from itself
                    return frozenset({ProjectModule(submodule)})
            if imported.level:
                return UNKNOWN
            dotted = (
                imported.dotted if imported.name is None else f"{imported.dotted}.{imported.name}"
            )
            return frozenset({Library(canonical(dotted))})
        if imported.name is None:
            return frozenset({ProjectModule(path)})
        return self.export(path, imported.name)

    # containers

    def select(self, values: Values, path: Path) -> Values:
        """The part of an unpacked value that lies at `path`."""
        for index in path:
            parts: set[Value] = set()
            for value in values:
                if isinstance(value, Items) and index is None:
                    parts.add(Elements(self.union(value.elements)))
                elif isinstance(value, Elements) and index is None:
                    parts.add(value)
                else:
                    parts |= self.item(value, index)
            values = frozenset(parts)
        return values

    def iterated(self, values: Values) -> Values:
        """What a loop over a value gives."""
        found: set[Value] = set()
        for value in values:
            match value:
                case Items(elements):
                    found |= self.union(elements)
                case Elements(inner):
                    found |= inner
                case Generator(frame):
                    found |= invocation.yielded(self, frame)
                case Mapping(entries):
                    found |= {Constant(key) for key, _ in entries}
                case _:
                    found |= UNKNOWN
        return frozenset(found) or UNKNOWN


def known(values: Values) -> Values:
    """The values without what is unknown and without None."""
    return frozenset(v for v in values if not isinstance(v, Unknown) and v != Constant(None))


def _is_package(path: str) -> bool:
    return not path.endswith(".py") or path.endswith("__init__.py")


__all__ = ["Instance", "Made", "Model", "Site", "Text", "known"]
