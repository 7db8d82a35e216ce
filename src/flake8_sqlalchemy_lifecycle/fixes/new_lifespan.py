"""A lifespan that is written above the construction of an app, from the steps at its two ends."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from ..model import attributes
from ..model.knowledge import Kind, ancestry
from ..model.scopes import Block
from ..model.values import Made
from . import CannotFix
from .constructions import insert_above
from .draft import Draft
from .names import bound_names
from .registrations import Step


class NewLifespan:
    """A lifespan for the app that `construction` makes in `block`, and whose handlers are registered in `home`."""

    def __init__(
        self, draft: Draft, app: Made, construction: ast.Call, block: Block, home: Block
    ) -> None:
        self._draft = draft
        self._app = app
        self._construction = construction
        self._block = block
        self._home = home

    def write(self, starts: Sequence[Step], ends: Sequence[Step]) -> str:
        """Note the function to be written; its name."""
        steps = (*starts, *ends)
        names = frozenset[str]().union(*(step.names for step in steps))
        name = self._name()
        parameter = self._parameter(names)
        kind = self._annotation()
        needs_home = any(step.is_local for step in steps)
        above = self._place(names, kind.split(".")[0], needs_home=needs_home)
        head = [
            f"@{self._draft.imports.name('contextlib', 'asynccontextmanager')}",
            f"async def {name}({parameter}{f': {kind}' if kind else ''}){self._returned()}:",
        ]
        indent = self._draft.module.default_indent
        body = "".join(f"{indent}{line}\n" for line in body_of(starts, ends, indent))
        insert_above(self._draft, above, self._draft.new("\n".join([*head, body])))
        return name

    def _name(self) -> str:
        """A name that nothing in the file has."""
        variable = self._variable()
        own = f"{variable}_lifespan"
        is_router = attributes.kind_of(self._draft.model, self._app) is Kind.ROUTER
        taken = bound_names(self._draft.model.linted.tree)
        for name in (own, "lifespan") if is_router else ("lifespan", own):
            if name not in taken:
                return name
        raise CannotFix("lifespan is the name of something else in this file")

    def _variable(self) -> str:
        """What the app is called."""
        match self._block.parents.get(self._construction):
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                return name
            case (
                ast.Assign(targets=[ast.Attribute(attr=name)])
                | ast.AnnAssign(target=ast.Attribute(attr=name))
            ):
                return name.lstrip("_")
        return "app"

    def _parameter(self, names: frozenset[str]) -> str:
        match self._block.parents.get(self._construction):
            case (
                ast.Assign(targets=[ast.Name(id="app")]) | ast.AnnAssign(target=ast.Name(id="app"))
            ):
                is_app = attributes.kind_of(self._draft.model, self._app) is Kind.APP
                is_own = is_app and self._home is self._block
            case _:
                is_own = False
        if is_own or "app" not in names:
            return "app"
        return "_app" if "_app" not in names else "_"

    def _annotation(self) -> str:
        """The type of what a lifespan is given: the app, also where it is that of a router."""
        function = self._construction.func
        if attributes.kind_of(self._draft.model, self._app) is not Kind.APP:
            if not self._app.type.startswith("fastapi."):
                return "object" if self._is_annotated() else ""
            return self._draft.imports.name("fastapi", "FastAPI")
        if isinstance(function, ast.Name | ast.Attribute):
            return ast.unparse(function)
        is_fastapi = "fastapi.FastAPI" in ancestry(self._app.type)
        module, name = (
            ("fastapi", "FastAPI") if is_fastapi else ("starlette.applications", "Starlette")
        )
        return self._draft.imports.name(module, name)

    def _returned(self) -> str:
        """` -> AsyncIterator[None]`, where the file says what functions return."""
        if not self._is_annotated():
            return ""
        for statement in self._draft.model.linted.tree.body:
            if isinstance(statement, ast.ImportFrom) and statement.module in _TYPES_OF:
                for alias in statement.names:
                    if alias.name in _TYPES and alias.asname is None:
                        return f" -> {alias.name}{_TYPES[alias.name]}"
        linted = self._draft.model.linted
        is_old = linted.project.declared(linted.path).may_be_below("python", "3.9")
        name = self._draft.imports.name("typing" if is_old else "collections.abc", "AsyncIterator")
        return f" -> {name}{_TYPES['AsyncIterator']}"

    def _is_annotated(self) -> bool:
        functions = self._draft.model.linted.functions()
        return any(getattr(block.node, "returns", None) is not None for block in functions)

    def _place(self, names: frozenset[str], kind: str, *, needs_home: bool) -> ast.AST:
        """What it is written above: the app's construction, or the factory, if it needs nothing of that."""
        block = self._block
        if self._home is not block:
            if kind in block.bindings:
                raise CannotFix(f"{kind} is not visible outside of {block.name}()")
            return block.node
        if block.parent is None or block.parent.parent is not None:
            return self._construction
        if needs_home or not block.bindings.keys().isdisjoint({*names, kind}):
            return self._construction
        is_plain = isinstance(block.node, ast.FunctionDef | ast.AsyncFunctionDef)
        return block.node if is_plain else self._construction


_TYPES = {"AsyncIterator": "[None]", "AsyncGenerator": "[None, None]"}
_TYPES_OF = {"collections.abc", "typing", "typing_extensions"}


def body_of(starts: Sequence[Step], ends: Sequence[Step], indent: str) -> Iterator[str]:
    """The lines of a lifespan's body: what starts, the `yield`, what ends."""
    for step in starts:
        yield from step.code.split("\n")
    if not ends:
        yield "yield"
        return
    yield from ("try:", f"{indent}yield", "finally:")
    for step in ends:
        yield from (f"{indent}{line}" for line in step.code.split("\n"))
