"""LSA105: the URL that is written in the call names the driver of the other kind."""

from __future__ import annotations

import ast
import re

import libcst as cst

from ..finding import Finding
from ..model import urls
from . import CannotFix
from .draft import Draft
from .positions import is_at

_TO_ASYNC = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+pysqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgresql+psycopg2": "postgresql+asyncpg",
    "mysql": "mysql+aiomysql",
    "mysql+pymysql": "mysql+aiomysql",
}
_TO_SYNC = {
    "sqlite+aiosqlite": "sqlite",
    "postgresql+asyncpg": "postgresql+psycopg2",
    "mysql+aiomysql": "mysql+pymysql",
}
_OTHERS = {**_TO_ASYNC, **_TO_SYNC}
_SCHEME = re.compile(r"""(?P<quote>[a-zA-Z]*["']+|)(?P<scheme>[\w+]+)(?=://|["']+$)""", re.ASCII)


def fix(draft: Draft, finding: Finding) -> None:
    """Write the other driver at the head of the URL."""
    for call, block in draft.model.linted.calls():
        if is_at(call, finding.span):
            url = urls.url_argument(draft.model, call, draft.model.frame(block))
            if url is not None and ", through " not in finding.message:
                _replace(draft, _literal(url))
                return
    raise CannotFix("the call gets its URL from elsewhere")


def _literal(url: ast.expr) -> ast.expr:
    """The string that begins with the driver: the URL, or the first argument of `URL.create()` and `make_url()`."""
    if isinstance(url, ast.Call):
        for keyword in url.keywords:
            if keyword.arg == "drivername":
                return keyword.value
    match url:
        case ast.Call(func=ast.Attribute(attr="create"), args=[given, *_]):
            return given
        case ast.Call(func=ast.Name(id="make_url"), args=[given]):
            return given
    return url


def _replace(draft: Draft, literal: ast.expr) -> None:
    if not isinstance(literal, ast.Constant | ast.JoinedStr):
        raise CannotFix("the URL is not written in the call")
    head = draft.positions.cst_of(literal)
    while isinstance(head, cst.ConcatenatedString):
        head = head.left
    if isinstance(head, cst.FormattedString):
        head = head.parts[0]
    if not isinstance(head, cst.SimpleString | cst.FormattedStringText):
        raise CannotFix("the URL does not begin with its driver")
    found = _SCHEME.match(head.value)
    other = _OTHERS.get(found["scheme"]) if found else None
    if found is None or other is None:
        raise CannotFix("there is no one driver of the other kind")
    text = found["quote"] + other + head.value[found.end() :]
    draft.replace(head, head.with_changes(value=text))
