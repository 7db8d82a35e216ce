"""The engines that an application leaves open when it ends, and the place in the linted file that answers for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import attributes, calls, disposal
from .answering import answers, is_unclear, may_hold_life
from .apps import call_at, is_app, is_starlette, site_of
from .dark import given_away
from .disposal import Disposal, may_be
from .engine_fates import Fate, follow
from .engines import engines_behind
from .event_runs import replacement
from .events import events_at_hand
from .flow import is_choice
from .kept import kept_engines, modules_saying
from .knowledge import CREATOR_WORDS, Kind, Role, ancestry
from .lifespans import is_lifespan, lifespans_of
from .lives import Life, life_of, lives
from .mounts import mounted
from .scopes import Block
from .spelling import arguments, last_name
from .startup import engines_made
from .unwired import unwired
from .usage import name_of, used_engines
from .values import Frame, Made, Unknown, Value

if TYPE_CHECKING:
    from .inference import Model


@dataclass(frozen=True, slots=True)
class Leftover:
    """An engine that nobody disposes: where it is made, where that is reported, and what to do."""

    engine: Made
    place: ast.expr | ast.stmt
    name: str
    path: str
    line: int
    is_elsewhere: bool
    advice: str


def leftovers(model: Model) -> Iterator[Leftover]:
    """The engines that the apps and lifespans of the linted file leave open, each once."""
    if not model.project.closure_says(model.linted.path, *CREATOR_WORDS):
        return
    if not may_hold_life(model):
        return
    files = model.project.closure(model.linted.path)
    found = [life for life in lives(model) if answers(model, life)]
    if not found or any(is_unclear(model, life) for life in found):
        return
    question = _Question(model, tuple(found), files)
    made = list(question.made_at_start())
    kept = kept_engines(model, files)
    left = question.without_disposed([*(each.engine for each in made), *kept])
    left = question.without_mounted(left)
    told: list[Made] = []
    for each in (
        *(each for each in made if each.engine in left),
        *question.used([engine for engine in kept if engine in left]),
    ):
        if not any(_is_choice(each.engine, other) for other in told):
            told.append(each.engine)
            yield each


def _is_choice(one: Made, other: Made) -> bool:
    """Does one name get the one engine or the other, of which one is made?"""
    if one.call is None or other.call is None or one.frame is None or other.frame is None:
        return False
    block = one.frame.block
    return block is other.frame.block and is_choice(block, one.call, other.call)


class _Question:
    def __init__(self, model: Model, lives: tuple[Life, ...], files: tuple[str, ...]) -> None:
        self.model = model
        self.lives = lives
        self.files = files
        self.events = tuple(events_at_hand(model))
        self.dead = self._dead_handlers() | {each.block for each in unwired(model)}
        self.starts = tuple(
            (frame, life)
            for life in lives
            for frame in (*life.lifespans, *life.startups)
            if frame.block not in self.dead
        )

    def _dead_handlers(self) -> frozenset[Block]:
        """The event handlers that a lifespan keeps from running."""
        return frozenset(
            function.block
            for event in self.events
            if event.owners and all(is_starlette(self.model, owner) for owner in event.owners)
            if replacement(self.model, event) is not None
            for function in event.handlers
        )

    def made_at_start(self) -> Iterator[Leftover]:
        """The engines that are made by what the apps run at start-up."""
        seen: set[Made] = set()
        for frame, life in self.starts:
            for engine in engines_made(self.model, frame):
                if engine in seen or self._is_known_there(frame, life):
                    continue
                seen.add(engine)
                place: ast.AST = life.node
                if frame.block.module is self.model.linted:
                    place = frame.block.node
                    if engine.call is not None and _holds(frame.block, engine.call):
                        place = engine.call
                left = self._leftover(engine, place, life)
                helper = self._local_to(engine, frame)
                if helper is not None:
                    left = replace(left, advice=f"dispose it in {helper.name}()")
                yield left

    def _local_to(self, engine: Made, start: Frame) -> Block | None:
        """The helper that makes an engine for its own use, and forgets it: the lifespan never sees it."""
        frame = engine.frame
        if frame is None or engine.call is None or frame.block is start.block:
            return None
        if not frame.block.is_function:
            return None
        fates = follow(self.model, frame, engine.call, engine.site).fates
        return frame.block if Fate.HELD in fates and Fate.GIVEN not in fates else None

    def used(self, engines: list[Made]) -> Iterator[Leftover]:
        """Those of the engines that the apps use, unless another file answers for them."""
        if not engines:
            return
        frames = [frame for frame, _ in self.starts]
        used = used_engines(self.model, engines, self.files, frames)
        for path in self._others():
            if used:
                files = self.model.project.closure(path)
                own = [f for f in frames if f.block.module.path == path]
                elsewhere = used_engines(self.model, used, files, own)
                used = [e for e in used if e not in elsewhere or e.site.path not in files]
        for engine in used:
            place, life = self._place()
            yield self._leftover(engine, place, life)

    def _others(self) -> Iterator[str]:
        """The other files that answer for these lives, if they can see the engine."""
        linted = self.model.linted.path
        for life in self.lives:
            site = site_of(life.app) if life.app is not None else None
            if site is not None and site.path != linted:
                yield site.path
        for frame, life in self.starts:
            if self._is_known_there(frame, life):
                yield frame.block.module.path

    def _is_known_there(self, frame: Frame, life: Life) -> bool:
        """Does the file of a lifespan, another one, know by itself what it is?"""
        if frame.block.module is self.model.linted:
            return False
        if frame in life.lifespans:
            return is_lifespan(self.model, frame.block)
        return frame.block.module.may_say("on_event", "listener", "_serving", "server_start")

    def _place(self) -> tuple[ast.AST, Life]:
        """A lifespan's `def` in this file, else a startup handler's, else the construction of the app."""
        for part in ("lifespans", "startups"):
            for life in self.lives:
                for frame in getattr(life, part):
                    if frame.block.module is self.model.linted and frame.block not in self.dead:
                        return frame.block.node, life
        life = next((life for life in self.lives if life.app is not None), self.lives[0])
        return life.node, life

    def _leftover(self, engine: Made, place: ast.AST, life: Life) -> Leftover:
        assert isinstance(place, ast.expr | ast.stmt)
        site = engine.site
        module = self.model.project.module(site.path)
        path = module.display if module is not None else site.path
        return Leftover(
            engine,
            place,
            name_of(self.model, engine),
            path,
            site.line,
            module is not self.model.linted or site.line != place.lineno,
            _advice(self.model, life),
        )

    def without_disposed(self, engines: list[Made]) -> list[Made]:
        """Those that nothing disposes on a shutdown path."""
        engines = [e for e in engines if not _is_ended_by_callback(self.model, e)]
        if engines:
            for disposed in self._disposed():
                engines = [e for e in engines if not may_be(disposed.engine, e)]
                if not engines:
                    break
        return engines

    def without_mounted(self, engines: list[Made]) -> list[Made]:
        """Those that no mounted app makes or disposes by a lifespan that never runs: that is what to mend (LSA208)."""
        if engines:
            for life in self._mounted():
                frames = [*life.lifespans, *life.startups]
                handled = [made for frame in frames for made in engines_made(self.model, frame)]
                handled += [each.engine for each in self._ended_by(life) if each.engine is not None]
                engines = [e for e in engines if not any(may_be(other, e) for other in handled)]
        return engines

    def _mounted(self) -> Iterator[Life]:
        """The lives of the apps that are mounted and so have none."""
        paths = dict.fromkeys([self.model.linted.path, *self._others()])
        for module in modules_saying(self.model, paths, ("mount", "Mount", "host", "Host")):
            for each in mounted(self.model, module):
                yield life_of(self.model, each.app, each.node, module.block)

    def _disposed(self) -> Iterator[Disposal]:
        for life in self.lives:
            yield from self._ended_by(life)
        yield from self._ended_by_events()
        yield from self._ended_by_routers()
        yield from self._ended_by_programs()
        yield from self._ended_by_plugins()
        yield from self._at_exit()

    def _ended_by(self, life: Life) -> Iterator[Disposal]:
        for frame in life.lifespans:
            yield from disposal.of_lifespan(self.model, frame)
        for frame in life.shutdowns:
            if frame.block not in self.dead:
                yield from disposal.of_function(self.model, frame)
        for frame in life.startups:
            yield from disposal.registered(self.model, frame)

    def _ended_by_events(self) -> Iterator[Disposal]:
        """Shutdown handlers of other files' helpers (`def hoist(app): …`), and bound methods as handlers."""
        for event in self.events:
            if event.role is Role.STARTUP:
                continue
            for function in event.handlers:
                if function.block not in self.dead:
                    frame = Frame(function.block, function.closure)
                    yield from disposal.of_function(self.model, frame)
            frame = self.model.frame(event.block)
            node = event.node.value if isinstance(event.node, ast.keyword) else event.node
            for part in ast.walk(node):
                if isinstance(part, ast.Attribute) and part.attr == disposal.WORD:
                    values = self.model.values(part, frame)
                    yield from disposal.of_values(self.model, values, part, frame)

    def _ended_by_routers(self) -> Iterator[Disposal]:
        """Routers have lifespans too, which run with the app's."""
        for module in modules_saying(self.model, self.files, ("lifespan",)):
            for call, block in module.calls():
                name = ast.unparse(call.func).rpartition(".")[2]
                if not name.endswith(("Router", "Blueprint")):
                    continue
                for value in self.model.values(call, self.model.frame(block)):
                    if attributes.kind_of(self.model, value) is Kind.ROUTER:
                        yield from self._ended_by_router(value)

    def _ended_by_router(self, router: Value) -> Iterator[Disposal]:
        for frame in lifespans_of(self.model, router).frames:
            yield from disposal.of_lifespan(self.model, frame)

    def _ended_by_programs(self) -> Iterator[Disposal]:
        """A function that serves an app and disposes when the server has ended."""
        for module in modules_saying(self.model, self.files, (disposal.WORD,)):
            for block in module.blocks():
                if any(_serves(call) for call in block.calls):
                    yield from disposal.of_function(self.model, self.model.frame(block))

    def _ended_by_plugins(self) -> Iterator[Disposal]:
        """Advanced Alchemy disposes, at the end of an app, the engine that its configuration gets."""
        for module in modules_saying(self.model, self.files, (_PLUGIN_ENGINE,)):
            for call, block in module.calls():
                given = next((k.value for k in call.keywords if k.arg == _PLUGIN_ENGINE), None)
                if given is None:
                    continue
                frame = self.model.frame(block)
                if not any(calls.functions_in(self.model, self.model.values(call.func, frame))):
                    for value in self.model.values(given, frame):
                        for engine in engines_behind(self.model, value):
                            yield Disposal(engine, call, frame, call)
                        if isinstance(value, Unknown):
                            yield Disposal(None, call, frame, call)
        yield from self._ended_by_extensions()

    def _ended_by_extensions(self) -> Iterator[Disposal]:
        """Code that cannot be read, and that gets both an app and an engine, may do so too."""
        for module in {life.block.module for life in self.lives}:
            for call, block in module.calls():
                given = [part for part in arguments(call) if isinstance(part, ast.Name)]
                if len(given) < 2:
                    continue
                frame = self.model.frame(block)
                if any(is_app(self.model, v) for g in given for v in self.model.values(g, frame)):
                    for engine in given_away(self.model, call, frame, frozenset()):
                        yield Disposal(engine, call, frame, call)

    def _at_exit(self) -> Iterator[Disposal]:
        for module in modules_saying(self.model, self.files, ("atexit",)):
            for block in module.blocks():
                if "atexit" in block.words:
                    yield from disposal.registered(self.model, self.model.frame(block))


_PLUGIN_ENGINE = "engine_instance"


def _holds(block: Block, call: ast.Call) -> bool:
    """Does the call stand in the function, or in one inside it?"""
    return any(call is node for node in ast.walk(block.node))


def _is_ended_by_callback(model: Model, engine: Made) -> bool:
    """Does the function that makes the engine, or one that it calls, give somebody a function that ends it later?"""
    made = call_at(model, engine.site)
    function = made[1].function if made is not None else None
    if function is None:
        return False
    if _gives_disposer(function):
        return True
    frame = model.frame(function)
    return any(
        disposal.WORD in called.block.words and _gives_disposer(called.block)
        for call in function.calls
        for called in calls.functions_in(model, model.values(call.func, frame))
    )


def _gives_disposer(function: Block) -> bool:
    if disposal.WORD not in function.words:
        return False
    disposers = {inner.name for inner in function.inner.values() if disposal.WORD in inner.words}
    return any(
        getattr(node, "id", None) in disposers or getattr(node, "attr", None) == disposal.WORD
        for call in function.calls
        for argument in arguments(call)
        if not isinstance(argument, ast.Call) or last_name(argument.func) != disposal.WORD
        for node in ast.walk(argument)
    )


def _serves(call: ast.Call) -> bool:
    """`await server.serve()`, `web.run_app(app)`, `uvicorn.run(app)`: it comes back when the server has ended."""
    match call.func:
        case ast.Attribute(attr="serve" | "run_app") | ast.Name(id="serve" | "run_app"):
            return True
        case ast.Attribute(value=ast.Name(id="uvicorn"), attr="run"):
            return True
    return False


_OF_FRAMEWORKS = {
    "sanic.Sanic": ("in an after_server_stop listener", "after the yield of {}()"),
    "quart.Quart": ("in an after_serving function", "after the yield of {}()"),
    "aiohttp.Application": ("in a cleanup_ctx of the app", "after the yield of {}()"),
    "litestar.Litestar": ("in an on_shutdown function", "in a `finally` after the yield of {}()"),
}
"""Where an app's end is in a framework: where there is nothing yet, and in a generator that runs around its life."""
_IN_GENERATOR = "in a `finally` after the yield of {}()"


def _advice(model: Model, life: Life) -> str:
    name = attributes.type_name(model, life.app) if life.app is not None else None
    known = (_OF_FRAMEWORKS[each] for each in ancestry(name or "") if each in _OF_FRAMEWORKS)
    at_end, in_generator = next(known, ("", _IN_GENERATOR))
    if life.lifespans:
        return f"dispose it {in_generator.format(life.lifespans[0].block.name)}"
    if life.shutdowns:
        return f"dispose it in {life.shutdowns[0].block.name}()"
    if at_end:
        return f"dispose it {at_end}"
    if life.startups:
        start = life.startups[0].block.name
        return f"give the app a lifespan, in place of {start}(), that disposes it"
    return "give the app a lifespan that disposes it"


__all__ = ["Leftover", "leftovers"]
