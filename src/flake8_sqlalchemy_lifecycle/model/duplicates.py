"""Second engines for one database in one process, and the place in the linted file that makes or brings them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import attributes, calls, urls
from .creations import CREATION_WORDS
from .engine_fates import Fate, follow
from .engines import has_no_pool, is_in_memory
from .flow import are_exclusive, position
from .knowledge import Kind
from .places import is_test
from .pools import is_in_memory as is_memory
from .pools import pools_of
from .same_expression import meaning
from .scopes import Block, Module
from .spent_engines import fresh
from .values import Frame, Made

if TYPE_CHECKING:
    from .inference import Model

_TELLING = frozenset(
    "poolclass pool pool_size max_overflow isolation_level connect_args echo execution_options "
    "creator async_creator module plugins json_serializer json_deserializer".split()
)
"""Arguments for which somebody may want an engine of its own."""
_POOLLESS = frozenset({"sqlalchemy.NullPool", "sqlalchemy.StaticPool"})


@dataclass(frozen=True, slots=True)
class Lasting:
    """An engine that lives on after the code that makes it: by which call, in which block, and for what."""

    engine: Made
    call: ast.Call
    block: Block
    meaning: str
    name: str

    @property
    def place(self) -> str:
        """Where it is made, for messages."""
        return f"{self.block.module.display}:{self.call.lineno}"


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A second engine, and the place in the linted file that answers for it."""

    first: Lasting
    second: Lasting
    place: ast.expr | ast.stmt


def duplicates(model: Model) -> Iterator[Duplicate]:
    """The second engines that the linted file makes, or is the first to bring together with the first ones."""
    making = _making(model)
    if not making:
        return
    words = frozenset[str]().union(*(m.functions_saying(*CREATION_WORDS) for m in making))
    spelled = words | model.linted.spellings(*CREATION_WORDS)
    speaks = not spelled.isdisjoint(model.project.identifiers(model.linted.path))
    own = list(_lasting(model, words, *(model.linted.blocks() if speaks else ())))
    found: set[ast.Call] = set()
    for index, second in enumerate(own):
        for first in own[:index]:
            if _is_second(first, second):
                found.add(second.call)
                yield Duplicate(first, second, second.call)
                break
    others = [
        module
        for module in (*making, *_calling(model, words, making))
        if module is not model.linted and _unconditional(model, module, words)
    ]
    for second in own:
        if second.call in found or not _is_certain(second):
            continue
        for module in others:
            for first in _unconditional(model, module, words):
                if first.meaning == second.meaning and second.call not in found:
                    if not _imports(model, module.path, model.linted.path):
                        found.add(second.call)
                        yield Duplicate(first, second, second.call)
    yield from _brought_together(model, others, words)


def _making(model: Model) -> list[Module]:
    """The files that the linted one imports, itself included, whose code makes engines."""
    found = []
    for path in model.project.saying(model.linted.path, *CREATION_WORDS):
        if not model.project.identifiers(path).isdisjoint(CREATION_WORDS):
            module = model.project.module(path)
            if module is not None and not is_test(module):
                found.append(module)
    return found


def _calling(model: Model, factories: frozenset[str], making: list[Module]) -> Iterator[Module]:
    """The imported files that name a factory of engines of another file at their top level."""
    known = {module.path for module in making}
    for path in model.project.saying(model.linted.path, *sorted(factories)) if factories else ():
        if path not in known and not model.project.identifiers(path).isdisjoint(factories):
            module = model.project.module(path)
            if module is not None and not is_test(module):
                if not factories.isdisjoint(module.block.words):
                    yield module


def _imports(model: Model, one: str, other: str) -> bool:
    return other in model.project.closure(one)


def _lasting(model: Model, factories: frozenset[str], *blocks: Block) -> Iterator[Lasting]:
    """The pooled engines that a module makes at its top level, or in functions that keep them, in the text's order."""
    found = []
    for block in blocks:
        words = factories | block.module.spellings(*CREATION_WORDS)
        if block.is_class or words.isdisjoint(block.words):
            continue
        frame = model.frame(block)
        for call in block.calls:
            if calls.spelled(call) not in words:
                continue
            for engine, chain in fresh(model, call, frame, words, 1):
                if block.is_function:
                    fates = follow(model, frame, call, engine.site).fates
                    if fates.isdisjoint({Fate.KEPT, Fate.GIVEN}):
                        continue
                meant = _meaning(model, engine, _is_made_async(model, call, frame))
                if meant is not None:
                    name = chain[-1].name if len(chain) > 1 else ""
                    found.append(Lasting(engine, call, block, meant, name))
    yield from sorted(found, key=lambda lasting: position(lasting.call))


def _unconditional(model: Model, module: Module, factories: frozenset[str]) -> tuple[Lasting, ...]:
    """The engines that importing a module makes in any case; remembered, as every importer asks."""
    found: tuple[Lasting, ...] | None = module.block.remembered.get(_unconditional)
    if found is None:
        found = tuple(filter(_is_certain, _lasting(model, factories, module.block)))
        module.block.remembered[_unconditional] = found
    return found


def _is_certain(lasting: Lasting) -> bool:
    return not lasting.block.is_function and not _conditions(lasting)


def _is_made_async(model: Model, call: ast.Call, frame: Frame) -> bool:
    """`AsyncEngine(create_engine(url))`."""
    outer = frame.block.parents.get(call)
    return isinstance(outer, ast.Call) and any(
        attributes.kind_of(model, value) is Kind.ENGINE and attributes.is_async(model, value)
        for value in model.values(outer, frame)
    )


def _meaning(model: Model, engine: Made, is_async: bool) -> str | None:
    """What an engine is for: its flavour, URL and settings; None where that cannot be told, or it has no pool."""
    call, frame = engine.call, engine.frame
    if call is None or frame is None or has_no_pool(model, engine) or is_in_memory(model, engine):
        return None
    if is_memory(model, engine):
        return None
    url = urls.url_argument(model, call, frame)
    meant = meaning(model, url, frame) if url is not None else None
    if meant is None:
        return None
    parts = [str(is_async or attributes.is_async(model, engine)), meant]
    for keyword in sorted(call.keywords, key=lambda k: str(k.arg)):
        if keyword.arg is None or keyword.arg in _TELLING:
            part = meaning(model, keyword, frame)
            if part is None:
                return None
            parts.append(part)
            if keyword.arg == "poolclass":
                pools = pools_of(model, engine, {"poolclass": model.values(keyword.value, frame)})
                if pools <= _POOLLESS:
                    return None
    return " ".join(parts)


def _is_second(first: Lasting, second: Lasting) -> bool:
    """Are both made by one run of one block, for the same, and does the first one still live?"""
    block = second.block
    if first.block is not block or first.meaning != second.meaning:
        return False
    if not _conditions(first) <= _conditions(second):
        return False
    if are_exclusive(block, first.call, second.call):
        return False
    if block.statement(first.call) is not block.statement(second.call):
        if _target(first) & _target(second):
            return False  # the second takes the first one's place
    return not any(
        isinstance(node, ast.Attribute)
        and node.attr == "dispose"
        and position(first.call) < position(node) < position(second.call)
        for node in block.nodes
    )


def _conditions(lasting: Lasting) -> frozenset[tuple[ast.AST, str]]:
    """The branches in which the call stands."""
    found: set[tuple[ast.AST, str]] = set()
    inside: ast.AST = lasting.call
    for ancestor in lasting.block.ancestors(lasting.call):
        if isinstance(ancestor, ast.If | ast.IfExp | ast.Try | ast.While | ast.match_case):
            for field in ("body", "orelse", "handlers"):
                part = getattr(ancestor, field, None)
                if part is inside or (isinstance(part, list) and inside in part):
                    found.add((ancestor, field))
        inside = ancestor
    return frozenset(found)


def _target(lasting: Lasting) -> set[str]:
    """What the statement of the call assigns to."""
    statement = lasting.block.statement(lasting.call)
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    return {ast.unparse(target) for target in targets}


def _brought_together(
    model: Model, others: list[Module], factories: frozenset[str]
) -> Iterator[Duplicate]:
    """The engines of two imported files, neither of which imports the other, that nothing before brings together."""
    if len(others) < 2:
        return
    first: dict[str, Lasting] = {}
    told: set[tuple[ast.stmt, str]] = set()  # one import may bring a third and fourth, too
    order = {path: i for i, path in enumerate(_in_order(model))}
    for module in sorted(others, key=lambda m: order.get(m.path, len(order))):
        for second in _unconditional(model, module, factories):
            before = first.setdefault(second.meaning, second)
            if before is second or before.block is second.block:
                continue
            paths = (before.block.module.path, module.path)
            if _imports(model, *paths) or _imports(model, *reversed(paths)):
                continue
            if any(
                set(paths) <= set(model.project.closure(path))
                for path in model.project.closure(model.linted.path)[1:]
            ):
                continue
            statement = _import_of(model, module.path)
            if statement is not None and (statement, second.meaning) not in told:
                told.add((statement, second.meaning))
                yield Duplicate(before, second, statement)


def _imported_by(model: Model, statement: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """The files that an import of the linted file brings in, in the order in which they run."""
    linted = model.linted.path
    for alias in statement.names:
        if isinstance(statement, ast.Import):
            paths = [model.project.resolve(linted, alias.name, 0)]
        else:
            package = statement.module or ""
            paths = [model.project.resolve(linted, package, statement.level)]
            below = f"{package}.{alias.name}" if package else alias.name
            paths.append(model.project.resolve(linted, below, statement.level))
        for path in paths:
            if path is not None and path != linted:
                yield from reversed(model.project.closure(path))


def _import_statements(model: Model) -> Iterator[ast.Import | ast.ImportFrom]:
    for node in model.linted.block.nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node


def _in_order(model: Model) -> dict[str, None]:
    return {
        path: None
        for statement in _import_statements(model)
        for path in _imported_by(model, statement)
    }


def _import_of(model: Model, path: str) -> ast.stmt | None:
    """The first import of the linted file that leads to a file."""
    for statement in _import_statements(model):
        if path in _imported_by(model, statement):
            return statement
    return None
