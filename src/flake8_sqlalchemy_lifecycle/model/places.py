"""What a file is for: test code and scripts are held to less than an application."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .attributes import kind_of
from .bindings import Imported
from .calls import names_of, roots
from .inference import Model
from .knowledge import DECORATORS, Kind
from .scopes import Module

_COMMAND_LINE = (
    "argparse.ArgumentParser",
    "argparse._SubParsersAction.add_parser",
    "cappa.invoke",
    "cappa.invoke_async",
    "click.command",
    "click.group",
    "typer.Typer",
    "typer.run",
)
_MIGRATIONS = ("alembic/env.py", "migrations/env.py")
_SIGNALS = ("celery.signals.", "blinker.")


def is_test(module: Module) -> bool:
    """Test code, by the file's name and place below the project root alone."""
    *folders, name = module.display.split("/")
    return (
        name == "conftest.py"
        or name.startswith("test_")
        or name.endswith("_test.py")
        or not {"test", "tests"}.isdisjoint(folders)
    )


def is_script(model: Model) -> bool:
    """A module that somebody runs by hand and that ends: not one that builds or serves an application."""
    return is_migration(model.linted) or (any(_script_signs(model)) and not _serves(model))


def is_migration(module: Module) -> bool:
    """Alembic's `env.py`, wherever it is, or one of its versions."""
    if module.display.endswith(_MIGRATIONS):
        return True
    names = module.block.bindings
    if any(b.origin == Imported("alembic", "context", 0) for b in names.get("context", ())):
        return True
    return "down_revision" in names and ("upgrade" in names or "revision" in names)


def _script_signs(model: Model) -> Iterator[bool]:
    module = model.linted
    yield module.source.text.startswith(("#!", "# %%", "#%%", "# In["))
    yield any(_is_main_guard(node) for node in module.tree.body)
    frame = model.frame(module.block)
    for node in module.block.nodes:
        if isinstance(node, ast.Attribute) and node.attr == "argv":
            yield True
        elif isinstance(node, ast.Call):
            names = set(names_of(model, model.values(node.func, frame)))
            yield bool(names & {"asyncio.run", *_COMMAND_LINE})
            if isinstance(node.func, ast.Attribute):
                receivers = model.values(node.func.value, frame)
                yield any(kind_of(model, v) is Kind.SESSION for v in receivers)
    if module.may_say("argparse", "cappa", "click", "typer"):
        for block in module.functions():
            for call in block.calls:
                names = set(names_of(model, model.values(call.func, model.frame(block))))
                yield not names.isdisjoint(_COMMAND_LINE)
            if isinstance(block.node, ast.FunctionDef) and block.parent is not None:
                for decorator in block.node.decorator_list:
                    target = decorator.func if isinstance(decorator, ast.Call) else decorator
                    closure = model.frame(block.parent)
                    for name in names_of(model, model.values(target, closure)):
                        yield name.startswith(("click.", "typer."))


def _is_main_guard(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Compare)
        and isinstance(node.test.left, ast.Name)
        and node.test.left.id == "__name__"
    )


def _serves(model: Model) -> bool:
    """Does the module build an app or worker, or hold handlers or tasks?"""
    if any(True for _ in roots(model)):
        return True
    for call, block in model.linted.calls():
        frame = model.frame(block)
        if any(kind_of(model, v) is Kind.APP for v in model.values(call, frame)):
            return True
    return any(
        name in DECORATORS or name.startswith(_SIGNALS)
        for block in model.linted.functions()
        if isinstance(block.node, ast.FunctionDef | ast.AsyncFunctionDef) and block.parent
        for decorator in block.node.decorator_list
        for name in names_of(
            model,
            model.values(
                decorator.func if isinstance(decorator, ast.Call) else decorator,
                model.frame(block.parent),
            ),
        )
    )
