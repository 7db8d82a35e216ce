"""Engines that a function makes at each call, uses, and leaves behind."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from . import attributes, calls, paths
from .calls import Step
from .creations import (
    CREATION_WORDS,
    creations_in,
    is_made_once,
    leads_to_creations,
    names_that_lead_to_creations,
)
from .decorated import is_called_as_written
from .engine_fates import Followed, follow
from .engines import has_no_pool, is_in_memory
from .flow import is_choice, is_tested_and_kept, loops_around, position
from .inference import Model, known
from .knowledge import Kind, Role
from .knowledge.tasks import RUNS_UNTIL_THE_END
from .lifespans import is_lifespan
from .per_request import Cause, per_request, place_of
from .places import is_script, is_test
from .pools import arguments, pools_of
from .scopes import Block
from .values import Cls, Frame, Func, Made, Site

_DEEPEST = 3
_KEEP = frozenset({"__init__", "__post_init__", "__new__", "__enter__", "__aenter__", "main"})
_ONCE = (Role.STARTUP, Role.SHUTDOWN, Role.LIFESPAN)
_ENDLESS = frozenset(name.rpartition(".")[2] for name in RUNS_UNTIL_THE_END)
_POOLLESS = frozenset({"sqlalchemy.NullPool", "sqlalchemy.StaticPool"})


@dataclass(frozen=True, slots=True)
class Spent:
    """An engine that is made at each call of a function, and left there.

    `place` is the creating call, or what leads to it in the linted file; `chain` are the functions on the way to it.
    """

    engine: Made
    place: ast.expr
    chain: tuple[Block, ...]
    followed: Followed


def spent_engines(model: Model) -> Iterator[Spent]:
    """The engines that functions of the linted file leave behind, each once; what requests do is left out."""
    words = names_that_lead_to_creations(model, _DEEPEST) | model.linted.spellings(*CREATION_WORDS)
    if words.isdisjoint(model.project.identifiers(model.linted.path)):
        return
    found = {
        spent.engine.site: spent
        for spent in reversed([*_left(model, words), *_built_by_operations(model)])
    }
    if not found:
        return
    once = _run_once(model)
    requested = {cause.engine.site for cause in per_request(model)}
    told: list[Spent] = []
    for site, spent in sorted(found.items(), key=lambda item: position(item[1].place)):
        if site not in requested and spent.chain[0] not in once:
            if not any(_is_same_cause(spent, other) for other in told):
                if not _is_shown_elsewhere(model, spent):
                    told.append(spent)
                    yield spent


def _is_same_cause(one: Spent, other: Spent) -> bool:
    """Does one call lead to both engines, or is one name given either of them, of which one is made?"""
    if one.place is other.place:
        return True
    block = one.chain[-1]
    return block is other.chain[-1] and is_choice(block, one.place, other.place)


def _is_shown_elsewhere(model: Model, spent: Spent) -> bool:
    """Does another file on the way show that it makes the engine at each call, whoever calls?"""
    site = spent.engine.site
    for module in {block.module for block in spent.chain} - {model.linted}:
        if is_test(module):
            continue
        other = Model(module)
        shown = any(cause.engine.site == site for cause in per_request(other))
        if shown and not is_script(other):
            return True
        if module.path == site.path and _leaves(other, site):
            return True
    return False


def is_left_elsewhere(model: Model, cause: Cause) -> bool:
    """Does another file on the way from a request show that it leaves the engine at each call, whoever calls?"""
    for module in {frame.block.module for frame in cause.path.frames} - {model.linted}:
        other = Model(module)
        if any(spent.engine.site == cause.engine.site for spent in spent_engines(other)):
            if not is_test(module) and not is_script(other):
                return True
    return False


def _leaves(model: Model, site: Site) -> bool:
    """Does a function of the file leave the engine that the file itself makes there?"""
    words = model.linted.spellings(*CREATION_WORDS)
    words |= model.linted.functions_saying(*CREATION_WORDS)
    return any(
        spent.engine.site == site and {block.module for block in spent.chain} == {model.linted}
        for spent in _left(model, words)
    )


def _left(model: Model, words: frozenset[str]) -> Iterator[Spent]:
    """The engines that a function makes, or gets out of a helper that makes one, and leaves."""
    for block in model.linted.blocks():
        if block.is_class or words.isdisjoint(block.words) or block.name in _KEEP:
            continue
        frame = model.frame(block)
        for opening, made in _openings(model, block, frame, words):
            if not block.is_function and not any(loops_around(block, opening)):
                continue
            for engine, chain in made:
                followed = follow(model, frame, opening, engine.site)
                if followed.is_left and followed.used and _counts(model, engine, block):
                    here = engine.call if chain[-1].module is model.linted else opening
                    if here is not None:
                        yield Spent(engine, here, chain, followed)


_Fresh = Iterator[tuple[Made, tuple[Block, ...]]]


def _openings(
    model: Model, block: Block, frame: Frame, words: frozenset[str]
) -> Iterator[tuple[ast.expr, _Fresh]]:
    """The calls and properties by which a function may get a new engine, with the engines that they make."""
    for call in block.calls:
        if calls.spelled(call) in words:
            yield call, fresh(model, call, frame, words)
    for node in block.nodes_of(ast.Attribute):
        if node.attr in words and not is_tested_and_kept(block, node):
            for step in calls.property_steps(model, node, frame):
                if not paths.is_set_up_once(model, step):
                    yield node, _given_by(model, step.callee, block, words, _DEEPEST)


def _counts(model: Model, engine: Made, block: Block) -> bool:
    if has_no_pool(model, engine) or is_in_memory(model, engine):
        return False
    pools = pools_of(model, engine, arguments(model, engine) or {})
    if pools and pools <= _POOLLESS:
        return False
    if not block.is_function:
        return True
    frame = model.frame(block)
    if is_made_once(model, paths.as_function(model, block)):
        return False
    return is_called_as_written(model, frame, frozenset({Role.OPERATION}))


def fresh(
    model: Model, call: ast.Call, frame: Frame, words: AbstractSet[str], depth: int = _DEEPEST
) -> _Fresh:
    """The engines that a call makes each time, itself or in the function it calls; with the functions on the way."""
    block = frame.block
    if is_tested_and_kept(block, call) or calls.is_spared(model, call, frame):
        return

    def interesting(spelled: AbstractSet[str]) -> bool:
        return not words.isdisjoint(spelled)

    callees = known(model.values(call.func, frame))
    if not all(isinstance(callee, Func | Cls) for callee in callees):
        for value in model.values(call, frame):
            if isinstance(value, Made) and value.call is call:
                if attributes.kind_of(model, value) is Kind.ENGINE:
                    yield value, (block,)
    if not depth:
        return
    for callee in callees:
        for activation in calls.activations(model, callee, call, frame, interesting):
            inner = activation.block
            if inner.name in _KEEP or not interesting(inner.words):
                continue
            if paths.is_set_up_once(model, Step(call, frame, activation)):
                continue
            if not is_called_as_written(model, activation):
                continue
            yield from _given_by(model, activation, block, words, depth)


def _given_by(
    model: Model, activation: Frame, caller: Block, words: AbstractSet[str], depth: int
) -> _Fresh:
    """The engines that a function makes and gives to its caller."""
    for nested in activation.block.calls:
        if calls.spelled(nested) in words:
            for engine, chain in fresh(model, nested, activation, words, depth - 1):
                followed = follow(model, activation, nested, engine.site)
                if followed.is_given and not followed.disposes:
                    yield engine, (caller, *chain)


def _built_by_operations(model: Model) -> Iterator[Spent]:
    """The engines of objects that an operation builds and drops."""
    leads = leads_to_creations(model)
    for root in calls.roots(model, leads(paths.LONGEST)):
        if root.role is not Role.OPERATION or is_made_once(model, root.function):
            continue
        for path in paths.walk(model, calls.entry(model, root.function), leads):
            if not path.steps or path.end.block.name not in ("__init__", "__post_init__"):
                continue
            step = path.steps[-1]
            for engine in creations_in(model, path.end):
                if not isinstance(step.node, ast.Call) or _is_ended(path.end.block):
                    continue
                followed = follow(model, step.caller, step.node, engine.site)
                place = place_of(model, path, engine, root.node)
                if followed.is_left and followed.used and place is not None:
                    if _counts(model, engine, root.function.block):
                        chain = tuple(frame.block for frame in path.frames)
                        yield Spent(engine, place, chain, followed)


def _is_ended(constructor: Block) -> bool:
    """May the object dispose its engine when it goes?"""
    owner = constructor.method_of
    return owner is not None and not {"__del__", "finalize"}.isdisjoint(
        {*owner.bindings, *owner.words}
    )


def _run_once(model: Model) -> frozenset[Block]:
    """The functions that start-up code runs: the module's own, `main`, lifespans, startup handlers, app factories.

    So is what runs a bot or server.
    """
    leads = leads_to_creations(model)
    starts = [model.frame(model.linted.block)]
    starts += [calls.entry(model, r.function) for r in calls.roots(model) if r.role in _ONCE]
    for block in model.linted.functions():
        makes_or_runs = _makes_app(model, block) or _runs_app(model, block)
        if block.name == "main" or is_lifespan(model, block) or makes_or_runs:
            starts.append(model.frame(block))
    found: set[Block] = set()
    for start in starts:
        for path in paths.walk(model, start, leads):
            found.add(path.end.block)
    return frozenset(found - {model.linted.block})


def _runs_app(model: Model, block: Block) -> bool:
    if _ENDLESS.isdisjoint(block.words):
        return False
    frame = model.frame(block)
    return any(
        not RUNS_UNTIL_THE_END.isdisjoint(calls.names_of(model, model.values(call.func, frame)))
        for call in block.calls
        if calls.spelled(call) in _ENDLESS
    )


def _makes_app(model: Model, block: Block) -> bool:
    frame = model.frame(block)
    return any(
        attributes.kind_of(model, value) is Kind.APP
        for returned in block.returns
        for value in model.values(returned, frame)
    )
