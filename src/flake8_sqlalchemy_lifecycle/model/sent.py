"""What is sent to other processes: with a process, with a pool, or with the work that a pool gets."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import attributes, calls, passing
from .bindings import Binding
from .forks import Child, is_forked, makes_processes, names_of_makers
from .inheritance import run_by
from .knowledge import Kind
from .knowledge.processes import ARGUMENTS, GIVEN, INITARGS, STAYS, TARGETS
from .scopes import Block
from .spelling import argument_of
from .values import (
    Bound,
    Constant,
    Elements,
    Func,
    Instance,
    Items,
    Made,
    Mapping,
    Partial,
    Site,
    Values,
)

if TYPE_CHECKING:
    from .inference import Model

_SENSITIVE = (Kind.SESSION, Kind.CONNECTION, Kind.ENGINE, Kind.MAKER, Kind.REGISTRY)
_DEEPEST = 2
_PICKLES_ITSELF = ("__getstate__", "__reduce__", "__reduce_ex__")


@dataclass(frozen=True, slots=True)
class Sent:
    """A session or its like that `call` sends, and the attribute of an object that holds it, if one does."""

    call: ast.Call
    value: Made | Instance
    attribute: str | None


def sent(model: Model) -> Iterator[Sent]:
    """What the linted file sends to other processes that must not be sent; one for each call."""
    if not makes_processes(model):
        return
    makers = names_of_makers(model)
    for call, block in model.linted.calls():
        name = calls.spelled(call)
        if name in makers:
            found = next(_with_maker(model, call, block), None)
        elif name in GIVEN:
            found = next(_with_work(model, call, block), None)
        else:
            found = None
        if found is not None:
            yield Sent(call, *found)


_Held = tuple["Made | Instance", "str | None"]


def _with_maker(model: Model, call: ast.Call, block: Block) -> Iterator[_Held]:
    frame = model.frame(block)
    for value in model.values(call, frame):
        if not isinstance(value, Made | Instance) or value.site != Site.of(call, block):
            continue
        if value.context:
            continue
        kind = attributes.kind_of(model, value)
        if isinstance(value, Instance):
            if kind is Kind.PROCESS:
                run = attributes.of_instance(model, value, value.cls, "run")
                yield from _used(model, run, list(_held(model, value)), is_forked(model, value))
        elif kind is Kind.PROCESS:
            target = passing.argument_values(model, value, "target", TARGETS) or frozenset()
            found = list(_in_callables(model, target))
            for name, index in ARGUMENTS.items():
                given = passing.argument_values(model, value, name, index)
                found += _in_values(model, given or frozenset(), 0)
            yield from _used(model, target, found, is_forked(model, value))
        elif kind is Kind.PROCESS_POOL and value.type in INITARGS:
            given = passing.argument_values(model, value, "initargs", INITARGS[value.type])
            yield from _in_values(model, given or frozenset(), 0)


def _used(model: Model, target: Values, found: list[_Held], forks: bool) -> Iterator[_Held]:
    """What a forked child uses of it and does not forget: nothing is pickled then."""
    words: set[str] = set()
    for function in calls.functions_in(model, target) if forks else ():
        for frame in run_by(model, Child(calls.entry(model, function))):
            words |= frame.block.words
    for held in found:
        if not forks or ("dispose" not in words and (held[1] is None or held[1] in words)):
            yield held


def _with_work(model: Model, call: ast.Call, block: Block) -> Iterator[_Held]:
    """`pool.map(f, …)`, `executor.submit(f, …)`, `loop.run_in_executor(executor, f, …)`."""
    if not isinstance(call.func, ast.Attribute):
        return
    frame = model.frame(block)
    index = GIVEN[call.func.attr]
    owner = call.func.value if index == 0 else argument_of(call, "executor", 0)
    owners = model.values(owner, frame) if owner is not None else frozenset()
    if not owners or any(attributes.kind_of(model, v) is not Kind.PROCESS_POOL for v in owners):
        return
    for position, argument in enumerate(call.args[index:]):
        values = model.values(argument, frame)
        yield from _in_callables(model, values) if position == 0 else _in_values(model, values, 0)
    for keyword in call.keywords:
        if keyword.arg not in STAYS:
            values = model.values(keyword.value, frame)
            yield from _in_callables(model, values) if keyword.arg == "func" else ()
            yield from _in_values(model, values, 0)


def _in_callables(model: Model, values: Values) -> Iterator[_Held]:
    for value in values:
        match value:
            case Bound(receiver) | Func(receiver=receiver) if receiver is not None:
                yield from _in_values(model, frozenset({receiver}), 0)
            case Instance():
                yield from _in_values(model, frozenset({value}), 0)
            case Partial(function, positional, keywords):
                yield from _in_callables(model, frozenset({function}))
                for part in (*positional, *(v for _, v in keywords)):
                    yield from _in_values(model, part, 0)


def _in_values(model: Model, values: Values, depth: int) -> Iterator[_Held]:
    known = values - {Constant(None)}
    if known and all(attributes.kind_of(model, v) in _SENSITIVE for v in known):
        yield from ((v, None) for v in _sorted(known))
        return
    for value in known if depth < 3 else ():
        match value:
            case Items(elements):
                for element in elements:
                    yield from _in_values(model, element, depth + 1)
            case Elements(inner):
                yield from _in_values(model, inner, depth + 1)
            case Mapping(entries):
                for _, inner in entries:
                    yield from _in_values(model, inner, depth + 1)
            case Instance():
                yield from _held(model, value)


def _sorted(values: Values) -> list[Made | Instance]:
    made = [v for v in values if isinstance(v, Made | Instance)]
    return sorted(made, key=lambda v: v.site)


def _held(model: Model, instance: Instance, depth: int = 0) -> Iterator[_Held]:
    """What the `__init__` of an object's class keeps, itself or in an object that it keeps.

    A class that says itself how to pickle it keeps nothing here.
    """
    classes = [base for base in attributes.mro(model, instance.cls) if hasattr(base, "block")]
    if any(name in base.block.bindings for base in classes for name in _PICKLES_ITSELF):
        return
    for base in classes:
        for name, stores in attributes.self_stores(base.block).items():
            if any(store.block.name == "__init__" for store in stores):
                values = attributes.of_instance(model, instance, instance.cls, name)
                known = values - {Constant(None)}
                if not known or not all(_is_kept(s) for s in stores if s.block.name == "__init__"):
                    continue
                if all(attributes.kind_of(model, v) in _SENSITIVE for v in known):
                    yield _sorted(known)[0], name
                elif depth < _DEEPEST and all(isinstance(v, Instance) for v in known):
                    inner = [next(_held(model, v, depth + 1), None) for v in _sorted(known)]  # type: ignore[arg-type]
                    if inner[0] is not None and None not in inner:
                        yield inner[0][0], name


def _is_kept(store: Binding) -> bool:
    """Does `__init__` keep anything but None there?"""
    value = getattr(store.origin, "value", None)
    return not (isinstance(value, ast.Constant) and value.value is None)
