"""Which engines live as long as the process, and which of them an application uses."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from . import attributes, calls, invocation, paths
from .disposal import is_same
from .engines import engines_behind, has_no_pool, is_in_memory
from .flow import is_tested_and_kept
from .knowledge import CACHES, DISPATCHED, IO_METHODS, TYPES, Kind, Role
from .knowledge import web as frameworks
from .scopes import Block, Imported, Module
from .trails import Trails
from .values import Cls, Frame, Func, Library, Made, Value

if TYPE_CHECKING:
    from .inference import Model

_ASYNC_CREATORS = ("create_async_engine", "async_engine_from_config", "AsyncEngine")
_RUNS = (Role.REQUEST, Role.OPERATION, Role.STARTUP, Role.LIFESPAN)
_TAKERS = frozenset(name.rpartition(".")[2] for name in frameworks.TAKES)
_INJECTED = ("Depends", "Security", "Provide")
_MOST_ROOTS = 300
_MOST_FRAMES = 3000
_REGISTRY_IO = IO_METHODS[Kind.SESSION]
_OPENS = ("begin", "connect")
_USES = (Kind.SESSION, Kind.CONNECTION, Kind.TRANSACTION)


# engines that live as long as the process


def kept_engines(model: Model, files: Iterable[str]) -> list[Made]:
    """The async engines of these files that are made once and kept: at module level, cached, or in such an object."""
    return list(dict.fromkeys(_Keeping(model, tuple(files)).engines()))


class _Keeping:
    def __init__(self, model: Model, files: tuple[str, ...]) -> None:
        self.model = model
        self.files = files
        self.seen: set[tuple[Block, Made]] = set()

    def engines(self) -> Iterator[Made]:
        for module in modules_saying(self.model, self.files, _ASYNC_CREATORS):
            creators = _local_names(module, _ASYNC_CREATORS)
            for call, block in module.calls():
                if _last_name(call.func) not in creators:
                    continue
                for value in self.model.values(call, self.model.frame(block)):
                    if isinstance(value, Made) and self._is_made_here(value, call):
                        yield from self._kept(value, call, block)

    def _is_made_here(self, value: Made, call: ast.Call) -> bool:
        return (
            attributes.kind_of(self.model, value) is Kind.ENGINE
            and attributes.is_async(self.model, value)
            and not value.context
            and (value.call is call or _last_name(call.func) == "AsyncEngine")
            and not has_no_pool(self.model, value)
            and not is_in_memory(self.model, value)
        )

    def _kept(self, engine: Made, node: ast.AST, block: Block) -> Iterator[Made]:
        """The engine, if what `node` makes stays when its function has ended."""
        function = block.function
        if function is None:
            if not _is_guarded(block, node):
                yield engine
        elif is_cached(self.model, function):
            yield engine
        elif function.method_of is not None and not _is_on_class(function):
            yield from self._made_by(engine, function.method_of)
        elif is_tested_and_kept(block, node):
            yield engine
        else:
            yield from self._made_by(engine, function)

    def _made_by(self, engine: Made, maker: Block) -> Iterator[Made]:
        """The engine, if a call of the function or class that makes it stands where the result is kept."""
        if (maker, engine) in self.seen or len(self.seen) > 40 or _builds_app(maker):
            return
        self.seen.add((maker, engine))
        for module in modules_saying(self.model, self.files, (maker.name,)):
            names = _local_names(module, (maker.name,))
            for call, block in module.calls():
                if _last_name(call.func) not in names:
                    continue
                frame = self.model.frame(block)
                for callee in self.model.values(call.func, frame):
                    if self._is_call_of(callee, maker):
                        for made in self._came_out(engine, maker, call, frame):
                            yield from self._kept(made, call, block)

    def _is_call_of(self, callee: Value, maker: Block) -> bool:
        if isinstance(callee, Func):
            return callee.block is maker
        if isinstance(callee, Cls):
            bases = attributes.mro(self.model, callee)
            return any(isinstance(b, Cls) and b.block is maker for b in bases)
        return False

    def _came_out(self, engine: Made, maker: Block, call: ast.Call, frame: Frame) -> Iterator[Made]:
        """The engine as the caller sees it: two calls of one factory make two engines."""
        if maker.is_function:
            for value in self.model.values(call, frame):
                for found in engines_behind(self.model, value):
                    if found.site == engine.site:
                        yield found
                        return
        yield engine


def is_cached(model: Model, function: Block) -> bool:
    """Does a library's decorator keep what the function returns?"""
    if function.parent is None:
        return False
    names = invocation.decorators(model, Func(function, model.frame(function.parent)))
    return not names.isdisjoint(CACHES)


def _is_on_class(method: Block) -> bool:
    """Does the method work on the class itself? What it keeps, it keeps for the life of the process."""
    node = method.node
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and any(
        isinstance(d, ast.Name) and d.id in ("classmethod", "staticmethod")
        for d in node.decorator_list
    )


def _builds_app(block: Block) -> bool:
    return block.is_function and not block.words.isdisjoint(APP_NAMES)


APP_NAMES = tuple(
    sorted({name.rpartition(".")[2] for name, known in TYPES.items() if known.kind is Kind.APP})
)
"""The names of the frameworks' applications."""


def _is_guarded(block: Block, node: ast.AST) -> bool:
    """Does the node stand under `if __name__ == "__main__":`?"""
    return any(
        isinstance(a, ast.If)
        and any(isinstance(n, ast.Name) and n.id == "__name__" for n in ast.walk(a.test))
        for a in block.ancestors(node)
    )


def modules_saying(model: Model, files: Iterable[str], words: tuple[str, ...]) -> Iterator[Module]:
    """The files whose text holds one of the words."""
    for path in files:
        source = model.project.source(path)
        if source is not None and any(word in source.text for word in words):
            module = model.project.module(path)
            if module is not None:
                yield module


def _local_names(module: Module, names: tuple[str, ...]) -> set[str]:
    """The names, and what the module calls them where it imports them under another one."""
    found = set(names)
    if module.may_say(" as "):
        for block in module.blocks():
            for local, bindings in block.bindings.items():
                for binding in bindings:
                    if isinstance(binding.origin, Imported) and binding.origin.name in names:
                        found.add(local)
    return found


def _last_name(node: ast.AST) -> str | None:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


# use by what runs


def used_engines(
    model: Model, engines: Iterable[Made], files: tuple[str, ...], lives: Iterable[Frame]
) -> list[Made]:
    """Those of the engines that something uses that runs: one of `lives`, or a function that a framework is given."""
    search = _Search(model, list(engines), files)
    for frame in lives:
        search.follow(frame)
    for function in search.roots():
        if not search.missing:
            break
        search.follow(calls.entry(model, function))
    return [engine for engine in search.engines if engine not in search.missing]


class _Search:
    def __init__(self, model: Model, engines: list[Made], files: tuple[str, ...]) -> None:
        self.model = model
        self.engines = engines
        self.missing = list(engines)
        self.files = files
        self.seen: set[Frame] = set()
        self.names: frozenset[str] = frozenset()
        if engines:
            trails = Trails(model.project, _ASYNC_CREATORS, results=True)
            self.names = trails.names(files[0]) | frozenset(_ASYNC_CREATORS)

    def _leads(self, words: frozenset[str] | set[str]) -> bool:
        return not self.names.isdisjoint(words)

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
            self._look(frame)
            if self.missing:
                waiting += [s.callee for s in calls.steps(self.model, frame, self._leads)]

    def _look(self, frame: Frame) -> None:
        parents = frame.block.parents
        for call in frame.block.calls:
            if not isinstance(parents[call], ast.withitem) and _last_name(call.func) not in _OPENS:
                if not self._leads(_spelled(call.func)):
                    continue
            for value in self.model.values(call, frame):
                if attributes.kind_of(self.model, value) in _USES:
                    for engine in engines_behind(self.model, value):
                        self._found(engine)
            if isinstance(call.func, ast.Attribute) and call.func.attr in _REGISTRY_IO:
                for value in self.model.values(call.func.value, frame):
                    if attributes.kind_of(self.model, value) is Kind.REGISTRY:
                        for engine in engines_behind(self.model, value):
                            self._found(engine)

        for node in frame.block.yields:
            for value in self.model.values(node.value, frame):
                if attributes.kind_of(self.model, value) in (*_USES, Kind.REGISTRY):
                    for engine in engines_behind(self.model, value):
                        self._found(engine)

    def _found(self, engine: Made) -> None:
        self.missing = [e for e in self.missing if not is_same(engine, e)]

    def roots(self) -> Iterator[Func]:
        """The functions in the files that a framework runs and that may use an engine, by the names in them."""
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
                if self._leads(block.words) and self._is_run(block):
                    found += 1
                    yield paths.as_function(self.model, block)
            for call, block in module.calls():
                name = _last_name(call.func)
                if name in _INJECTED and not _is_given(block, call):
                    continue  # a parameter's or an alias's: it counts where a handler has it
                if name in _TAKERS and self._leads(_spelled(call)):
                    frame = self.model.frame(block)
                    for name in calls.names_of(self.model, self.model.values(call.func, frame)):
                        for takes in frameworks.TAKES.get(name, ()):
                            if takes.role not in _RUNS:
                                continue
                            given = invocation.argument(
                                self.model, call, frame, takes.keyword, takes.index
                            )
                            if given is not None:
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


def _spelled(node: ast.AST) -> set[str]:
    found: set[str] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            found.add(part.id)
        elif isinstance(part, ast.Attribute):
            found.add(part.attr)
    return found


# names for messages


def name_of(model: Model, engine: Made) -> str:
    """What the code calls the engine: the name or attribute that it is stored in, else the function that returns it."""
    module = model.project.module(engine.site.path)
    for call, block in module.calls() if module else ():
        if (call.lineno, call.col_offset) != (engine.site.line, engine.site.column):
            continue
        for node in block.ancestors(call):
            match node:
                case ast.Assign(targets=[*_, target]) | ast.AnnAssign(target=target):
                    if isinstance(target, ast.Name | ast.Attribute | ast.Subscript):
                        return ast.unparse(target)
                case ast.NamedExpr(target=target):
                    return target.id
                case ast.stmt():
                    break
        if block.is_function and block.name != "<lambda>":
            return f"the engine of {block.name}()"
        return f"the engine of {ast.unparse(call.func)}()"
    return "the engine"
