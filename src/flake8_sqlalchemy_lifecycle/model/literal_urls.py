"""Database URLs that are written in the code: where, and what they give away."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import calls
from .knowledge import ENVIRONMENT
from .knowledge.drivers import SERVERS
from .scopes import Block, Module
from .spelling import argument_of

if TYPE_CHECKING:
    from .inference import Model

_DIALECT = rf"(?:{'|'.join(sorted(SERVERS))}|postgres)(?:\+\w+)?"
_PASSWORD = re.compile(rf"{_DIALECT}://(?P<user>[^:/@\s]*):(?P<password>[^@\s]+)@")
_SERVER = re.compile(rf"{_DIALECT}://(?:[^:/@\s]*@)?[\w.-]+(?::\d+)?(?:[/?]|$)")
_PLACEHOLDER = re.compile(r"[{}<>$]|^\*+$|^\.+$|^x+$|%\(|%s", re.IGNORECASE)
_SOMEBODY = re.compile(r"(my|your|db|the)?[_-]?(user|username|usr|uname|login)", re.IGNORECASE)
_SOMETHING = re.compile(r"(my|your|db|the)?[_-]?(pass|passwd|password|pwd|pw)", re.IGNORECASE)
"""`user:password@…` says what belongs there, and is nobody's password."""
_ASKING = frozenset("replace startswith endswith removeprefix split match search sub count".split())
"""Methods of strings and patterns: what they get is a pattern, no URL."""
_PLACES = re.compile(
    r"(^|[/_.-])(settings?|config(uration)?|conf|migrations?|alembic|env)([/_.-]|$)"
)


@dataclass(frozen=True, slots=True)
class LiteralUrl:
    """A URL that is written down: the statement that holds it, the name of its user or host, and whether a password."""

    statement: ast.stmt
    node: ast.expr
    has_password: bool


def literal_urls(model: Model) -> Iterator[LiteralUrl]:
    """The URLs of database servers in the linted file's code, of each statement the first."""
    module = model.linted
    is_settings = _is_for_settings(module)
    seen: set[ast.stmt] = set()
    for block in module.blocks():
        for node in block.nodes:
            if not isinstance(node, ast.Constant | ast.JoinedStr | ast.Call):
                continue
            has_password = _tells_password(model, node, block)
            if not has_password and (is_settings or not _is_server(model, node, block)):
                continue
            statement = block.statement(node)
            if statement is not None and statement not in seen:
                seen.add(statement)
                assert isinstance(node, ast.expr)
                yield LiteralUrl(statement, node, has_password)


def _is_for_settings(module: Module) -> bool:
    """A file for settings, configuration or migrations, by its name and place."""
    if "down_revision" in module.block.bindings:
        return True
    return _PLACES.search(module.display.removesuffix(".py")) is not None


def _tells_password(model: Model, node: ast.AST, block: Block) -> bool:
    if isinstance(node, ast.Call):
        return _is_created_with_password(model, node, block)
    text = _text(node)
    if text is None or "://" not in text or _is_asked(node, block):
        return False
    found = _PASSWORD.match(text)
    if found is None or _PLACEHOLDER.search(found["password"]):
        return False
    return not (_SOMEBODY.fullmatch(found["user"]) and _SOMETHING.fullmatch(found["password"]))


def _is_created_with_password(model: Model, call: ast.Call, block: Block) -> bool:
    """`URL.create(…, password="secret")`."""
    if calls.spelled(call) != "create":
        return False
    frame = model.frame(block)
    if "sqlalchemy.URL.create" not in calls.names_of(model, model.values(call.func, frame)):
        return False
    match argument_of(call, "password", 2):
        case ast.Constant(value=str() as password):
            return bool(password) and not _PLACEHOLDER.search(password)
    return False


def _is_server(model: Model, node: ast.AST, block: Block) -> bool:
    """Is it the whole URL of a server, as a value of its own: assigned, returned, or an argument?"""
    text = _text(node) if isinstance(node, ast.Constant) else None
    if text is None or not _SERVER.match(text) or _is_asked(node, block) or block.is_class:
        return False
    parent = block.parents.get(node)
    if isinstance(parent, ast.keyword):
        parent = block.parents.get(parent)
    if isinstance(parent, ast.Call):
        frame = model.frame(block)
        names = set(calls.names_of(model, model.values(parent.func, frame)))
        return bool(names) and all(
            name.startswith(("sqlalchemy.", "sqlmodel.")) for name in names - ENVIRONMENT.keys()
        ) and names.isdisjoint(ENVIRONMENT)  # fmt: skip
    return isinstance(parent, ast.Assign | ast.AnnAssign | ast.Return)


def _text(node: ast.AST) -> str | None:
    """A string, or what stands in an f-string before its first gap."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=[ast.Constant(value=str() as head), *_]):
            return head
    return None


def _is_asked(node: ast.AST, block: Block) -> bool:
    """A docstring, a part of an f-string, a pattern to look for, a part of a comparison or an error."""
    parent = block.parents.get(node)
    match parent:
        case ast.Expr() | ast.JoinedStr() | ast.FormattedValue() | ast.Compare():
            return True
        case ast.Call() if calls.spelled(parent) in _ASKING:
            return True
    return any(isinstance(ancestor, ast.Raise) for ancestor in block.ancestors(node))
