"""Which engines an application uses: those that something works with that runs."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from . import attributes, calls, invocation, passing, paths
from .apps import call_at
from .disposal import is_same
from .engines import engines_behind, has_no_pool
from .kept import ASYNC_CREATORS
from .knowledge import DISPATCHED, IO_METHODS, Kind, Role
from .knowledge import web as frameworks
from .scopes import Block
from .spelling import argument_of, last_name, spelled
from .trails import EVERY_NAME, Trails
from .values import Cls, Frame, Func, Instance, Library, Made, Values
from .within_reach import WithinReach

if TYPE_CHECKING:
    from .inference import Model

_RUNS = (Role.REQUEST, Role.OPERATION, Role.STARTUP, Role.LIFESPAN)
_TAKERS = frozenset(name.rpartition(".")[2] for name in frameworks.TAKES)
_INJECTED = ("Depends", "Security", "Provide")
_MOST_ROOTS = 300
_MOST_FRAMES = 3000
_REGISTRY_IO = IO_METHODS[Kind.SESSION]
_OPENS = ("begin", "connect")
_LEADING = (Kind.ENGINE, Kind.MAKER, Kind.REGISTRY, Kind.SESSION, Kind.CONNECTION)
_USES = (Kind.SESSION, Kind.CONNECTION, Kind.TRANSACTION)


def used_engines(
    model: Model, engines: Iterable[Made], files: tuple[str, ...], lives: Iterable[Frame]
) -> list[Made]:
    """Those of the engines that something uses that runs: one of `lives`, or a function that a framework is given."""
    search = _Search(model, list(engines), files)
    for frame in lives:
        search.follow(frame)
    for function in search.roots(WithinReach(model.project, files[0])) if search.missing else ():
        search.follow(calls.entry(model, function))
        if not search.missing:
            break
    return [engine for engine in search.engines if engine not in search.missing]


def engines_used_by(model: Model, engines: Iterable[Made], frame: Frame) -> list[Made]:
    """Those of the engines that an activation, or what it leads to, opens sessions or connections with.

    What may as well be opened with an engine without a pool does not count.
    """
    search = _Search(model, list(engines), (model.linted.path,), is_certain=True)
    search.learn(frame)
    search.follow(frame)
    return [engine for engine in search.engines if engine not in search.missing]


class _Search:
    def __init__(
        self, model: Model, engines: list[Made], files: tuple[str, ...], is_certain: bool = False
    ) -> None:
        self.model = model
        self.is_certain = is_certain
        self.engines = engines
        self.missing = list(engines)
        self.files = files
        self.seen: set[Frame] = set()
        self.names: frozenset[str] = frozenset()
        if engines:
            trails = model.project.trails.get(ASYNC_CREATORS)
            if trails is None:
                trails = Trails(model.project, ASYNC_CREATORS, results=True, most=EVERY_NAME)
                model.project.trails[ASYNC_CREATORS] = trails
            self.names = trails.names(files[0]) | frozenset(ASYNC_CREATORS)
            self.names |= {name for engine in engines for name in self._locals_around(engine)}

    def _locals_around(self, engine: Made) -> Iterator[str]:
        """The names of a function that makes an engine by which the functions inside it may get at it."""
        for site in (engine.site, *engine.context):
            made = call_at(self.model, site)
            function = made[1].function if made is not None else None
            if function is not None:
                for inner in function.inner.values():
                    yield from inner.words & function.bindings.keys()

    def _leads(self, words: frozenset[str] | set[str]) -> bool:
        return not self.names.isdisjoint(words)

    def learn(self, start: Frame) -> None:
        """Takes note of the names by which an activation knows what leads to an engine."""
        model, found = self.model, set[str]()
        for name, values in start.args:
            for value in values:
                if attributes.kind_of(model, value) in _LEADING:
                    found.add(name)
                elif isinstance(value, Instance):
                    found |= set(self._attributes(value))
        self.names |= found

    def _attributes(self, instance: Instance) -> Iterator[str]:
        """The attributes of an object that lead to an engine, and its methods that use them."""
        model = self.model
        classes = [b for b in attributes.mro(model, instance.cls) if isinstance(b, Cls)]
        for cls in classes:
            for name in attributes.self_stores(cls.block):
                held = attributes.of_instance(model, instance, instance.cls, name)
                if any(attributes.kind_of(model, value) in _LEADING for value in held):
                    yield name
                    for other in classes:
                        methods = other.block.inner.values()
                        yield from (m.name for m in methods if name in m.words)

    def follow(self, start: Frame) -> None:
        """Looks for uses in all that an activation leads to."""
        waiting = [start]
        while waiting and self.missing and len(self.seen) < _MOST_FRAMES:
            frame = waiting.pop()
            if frame in self.seen:
                continue
            self.seen.add(frame)
            if not self._leads(frame.block.words):
                continue
            self._injected(frame)
            self._look(frame)
            if self.missing:
                waiting += [s.callee for s in calls.steps(self.model, frame, self._leads)]

    def _injected(self, frame: Frame) -> None:
        """Looks at what the parameters get: a handler that is given a session or maker uses it."""
        for parameter in frame.block.parameters.values():
            said = [part for part in (parameter.arg.annotation, parameter.default) if part]
            if any(self._leads(spelled(part)) for part in said):
                self._found(
                    passing.parameter(self.model, parameter, frame),
                    (*_USES, Kind.REGISTRY, Kind.MAKER),
                )

    def _look(self, frame: Frame) -> None:
        parents = frame.block.parents
        for call in frame.block.calls:
            if not isinstance(parents[call], ast.withitem) and last_name(call.func) not in _OPENS:
                if not self._leads(spelled(call.func)):
                    continue
            self._found(self.model.values(call, frame), _USES)
            if isinstance(call.func, ast.Attribute) and call.func.attr in _REGISTRY_IO:
                self._found(self.model.values(call.func.value, frame), (Kind.REGISTRY,))

        for node in frame.block.yields:
            self._found(self.model.values(node.value, frame), (*_USES, Kind.REGISTRY))

    def _found(self, values: Values, kinds: tuple[Kind, ...]) -> None:
        """Takes note of the engines behind those of the values that are of one of the kinds."""
        engines = [
            engine
            for value in values
            if attributes.kind_of(self.model, value) in kinds
            for engine in engines_behind(self.model, value)
        ]
        if self.is_certain and any(has_no_pool(self.model, engine) for engine in engines):
            return
        self.missing = [e for e in self.missing if not any(is_same(f, e) for f in engines)]

    def roots(self, reach: WithinReach) -> Iterator[Func]:
        """The functions that a framework runs and that may use an engine, by the names in them.

        Those of the files that are within reach: a module that is imported for something else is no part of the app.
        """
        found = 0
        for path in self.files:
            if found > _MOST_ROOTS:
                return
            if not self._leads(self.model.project.identifiers(path)):
                continue
            module = self.model.project.module(path)
            if module is None:
                continue
            for block in module.functions():
                if self._leads(block.words) and self._is_run(block) and reach.holds(block):
                    found += 1
                    yield paths.as_function(self.model, block)
            for call, block in module.calls():
                name = last_name(call.func)
                if name in _INJECTED and not _is_given(block, call):
                    continue  # a parameter's or an alias's: it counts where a handler has it
                if name in _TAKERS and self._leads(spelled(call)):
                    frame = self.model.frame(block)
                    for name in calls.names_of(self.model, self.model.values(call.func, frame)):
                        for takes in frameworks.TAKES.get(name, ()):
                            if takes.role not in _RUNS:
                                continue
                            given = argument_of(call, takes.keyword, takes.index)
                            if given is not None and reach.holds(block, call):
                                found += 1
                                values = self.model.values(given, frame)
                                yield from calls.functions_in(self.model, values)

    def _is_run(self, block: Block) -> bool:
        function = paths.as_function(self.model, block)
        for name in invocation.decorators(self.model, function):
            if frameworks.DECORATORS.get(name) in _RUNS:
                return True
        owner = block.method_of
        if owner is not None and owner.parent is not None:
            cls = Cls(owner, self.model.frame(owner.parent))
            for base in attributes.mro(self.model, cls):
                if isinstance(base, Library) and base.name in DISPATCHED:
                    if block.name in DISPATCHED[base.name][1]:
                        return True
        return paths.has_dependencies(self.model, block)


def _is_given(block: Block, call: ast.Call) -> bool:
    """Does the call stand among the arguments of another one: `APIRouter(dependencies=[Depends(f)])`?"""
    for outer in block.ancestors(call):
        if isinstance(outer, ast.Call):
            return True
        if not isinstance(outer, ast.List | ast.Tuple | ast.keyword | ast.Dict):
            return False
    return False


def name_of(model: Model, engine: Made) -> str:
    """What the code calls the engine: the name or attribute that it is stored in, else the function that returns it."""
    module = model.project.module(engine.site.path)
    for call, block in module.calls() if module else ():
        if (call.lineno, call.col_offset) != (engine.site.line, engine.site.column):
            continue
        key = ""
        for node in block.ancestors(call):
            match node:
                case ast.Dict(keys=keys, values=values) if call in values:
                    key = f"[{ast.unparse(keys[values.index(call)] or call)}]"
                case ast.Assign(targets=[*_, target]) | ast.AnnAssign(target=target):
                    if isinstance(target, ast.Name | ast.Attribute | ast.Subscript):
                        return ast.unparse(target) + key
                case ast.NamedExpr(target=target):
                    return target.id
                case ast.stmt():
                    break
        if block.is_function and block.name != "<lambda>":
            return f"the engine of {block.name}()"
        return f"the engine of {ast.unparse(call.func)}()"
    return "the engine"
