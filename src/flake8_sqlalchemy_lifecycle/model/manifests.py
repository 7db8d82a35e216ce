"""The files in which projects declare their libraries, and what they say.

A file that cannot be read, or that is broken, says nothing.
"""

from __future__ import annotations

import configparser
import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator
from typing import Any

from .files import within

_LARGEST_FILE = 4 * 1024 * 1024

_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "Pipfile.lock")
_REQUIREMENTS = re.compile(r"requirements.*\.txt", re.IGNORECASE)
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][\w.-]*)\s*(?:\[[^]]*\])?\s*\(?([^;@)]*)")
_SPECIFIERS = re.compile(r"\s*(?:(?:[<>=!~]=|===|[<>])\s*[\w.!+*-]{1,99}\s*(?:,\s*|$)){1,20}")
_INCLUDE = re.compile(r"(?:-r|--requirement)[ \t=]*(.+)")
_COMMENT = re.compile(r"(?:^|\s)#.*")
# The head of a package in a lock file. A TOML parser takes a second for a file of this kind.
_LOCKED = re.compile(r'^\[\[packages?\]\]\s*\n((?:[\w-]+ *= *"[^"\n]*"\s*\n)+)', re.MULTILINE)
_LOCKED_VALUE = re.compile(r'^(name|version) *= *"([^"]*)"', re.MULTILINE)

Declaration = tuple[str, str]  # library, specifiers


def declarations(folder: str, root: str) -> dict[str, tuple[str, ...]]:
    """The specifiers of each library in the files of one folder; an exact version of a lock wins.

    Nothing outside `root` is read.
    """
    declared: list[Declaration] = []
    locked: list[Declaration] = []
    seen: set[str] = set()
    for name in names_in(folder, root):
        path = os.path.join(folder, name)
        if name in _LOCKS:
            locked += _locked(text_of(path, root))
        elif name in ("pyproject.toml", "Pipfile"):
            declared += _toml(text_of(path, root))
        elif name == "setup.cfg":
            declared += _setup_cfg(text_of(path, root))
        elif _REQUIREMENTS.fullmatch(name):
            declared += _requirements(path, root, seen)
        elif name == "requirements":
            declared += _requirements_folder(path, root, seen)
    return {**by_library(declared), **by_library(locked)}


def by_library(declared: Iterable[Declaration]) -> dict[str, tuple[str, ...]]:
    """All specifiers of each library, by its normalised name; none for one that is named without.

    What is no specifier is left out.
    """
    found: dict[str, dict[str, None]] = {}
    for library, specifiers in declared:
        if _SPECIFIERS.fullmatch(specifiers):
            found.setdefault(normalised(library), {})[specifiers.strip()] = None
        elif library and not specifiers.strip():
            found.setdefault(normalised(library), {})
    return {library: tuple(specifiers) for library, specifiers in found.items()}


def names_in(folder: str, root: str) -> list[str]:
    """What a folder holds, sorted; nothing for one that is not there, or leads outside the root."""
    try:
        inside = within(os.path.realpath(folder), os.path.realpath(root))
        return sorted(os.listdir(folder)) if inside else []
    except (OSError, ValueError):
        return []


def normalised(library: str) -> str:
    """The library's name in the one spelling of all that mean it."""
    return re.sub(r"[-_.]+", "-", library).lower()


def text_of(path: str, root: str) -> str:
    """The file's text; "" where there is none that could be read inside the root."""
    try:
        if not within(os.path.realpath(path), os.path.realpath(root)) or not os.path.isfile(path):
            return ""
        with open(path, "rb") as file:
            data = file.read(_LARGEST_FILE + 1)
        if len(data) > _LARGEST_FILE:
            return ""
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return data.decode("utf-16")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")
    except (OSError, ValueError):
        return ""


def requirement(line: str) -> Declaration:
    """What a line such as `sqlalchemy[asyncio]>=2; python_version>'3'` declares."""
    match = _REQUIREMENT.match(line)
    return (match[1], match[2].partition(" --")[0]) if match else ("", "")


def _requirements(path: str, root: str, seen: set[str]) -> Iterator[Declaration]:
    """What a requirements file declares, and those that it includes, each read once."""
    waiting = [path]
    while waiting:
        path = os.path.normpath(waiting.pop())
        if path in seen:
            continue
        seen.add(path)
        for line in text_of(path, root).replace("\\\r\n", " ").replace("\\\n", " ").splitlines():
            text = _COMMENT.sub("", line).strip()
            include = _INCLUDE.match(text)
            if include:
                waiting.append(os.path.join(os.path.dirname(path), include[1].strip()))
            else:
                yield requirement(text)


def _requirements_folder(folder: str, root: str, seen: set[str]) -> Iterator[Declaration]:
    for name in names_in(folder, root):
        if name.endswith(".txt"):
            yield from _requirements(os.path.join(folder, name), root, seen)


def _setup_cfg(text: str) -> Iterator[Declaration]:
    config = configparser.RawConfigParser(strict=False)
    try:
        config.read_string(text)
    except configparser.Error:
        return
    yield "python", config.get("options", "python_requires", fallback="")
    lists = [config.get("options", "install_requires", fallback="")]
    if config.has_section("options.extras_require"):
        lists += [value or "" for _, value in config.items("options.extras_require")]
    for line in "\n".join(lists).splitlines():
        yield requirement(line)


def _toml(text: str) -> Iterator[Declaration]:
    """What a pyproject.toml or a Pipfile declares."""
    try:
        data: Any = tomllib.loads(text)
    except (ValueError, RecursionError):
        return
    yield "python", _text(_at(data, "project", "requires-python"))
    version = _text(_at(data, "requires", "python_version"))
    yield "python", f"=={version}.*" if version else ""
    lists = [_at(data, "project", "dependencies"), _at(data, "tool", "uv", "dev-dependencies")]
    for groups in (("project", "optional-dependencies"), ("dependency-groups",)):
        lists += _values(_at(data, *groups))
    lists += _values(_at(data, "tool", "pdm", "dev-dependencies"))
    for requirements in lists:
        for line in requirements if isinstance(requirements, list) else ():
            yield requirement(_text(line))
    poetry = _at(data, "tool", "poetry")
    tables = [_at(poetry, "dependencies"), _at(poetry, "dev-dependencies")]
    tables += [_at(group, "dependencies") for group in _values(_at(poetry, "group"))]
    tables += [_at(data, "packages"), _at(data, "dev-packages")]
    for table in tables:
        for library, constraints in table.items() if isinstance(table, dict) else ():
            for constraint in constraints if isinstance(constraints, list) else [constraints]:
                version = _text(_at(constraint, "version") or constraint)
                for alternative in re.split(r"\|\|?", version):
                    yield library, _from_poetry(alternative)


def _at(data: Any, *keys: str) -> Any:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _values(data: Any) -> list[Any]:
    return list(data.values()) if isinstance(data, dict) else []


def _text(data: Any) -> str:
    return data if isinstance(data, str) else ""


def _from_poetry(constraint: str) -> str:
    """Poetry's `^1.2`, `~1.2`, `1.2`, `1.*` and `>=1 <2`, as Python's specifiers."""
    specifiers = []
    for operator, version in re.findall(r"([\^~<>=!]*)\s*([^\s,<>=!^~]+)", constraint):
        release = re.split(r"[^\d.]", version)[0]
        numbers = [int(number) for number in re.findall(r"\d{1,9}", release)]
        if operator in ("^", "~") and numbers:
            kept = 2 if len(numbers) > 1 else 1
            if operator == "^":
                kept = next((i for i, n in enumerate(numbers, 1) if n), len(numbers))
            end = [*numbers[: kept - 1], numbers[kept - 1] + 1]
            specifiers += [f">={version}", f"<{'.'.join(map(str, end))}"]
        elif version != "*":
            specifiers.append(f"{operator or '=='}{version}")
    return ",".join(specifiers)


def _locked(text: str) -> Iterator[Declaration]:
    """The exact versions of a lock file."""
    for package in _LOCKED.finditer(text):
        values = dict(_LOCKED_VALUE.findall(package[1]))
        yield values.get("name", ""), f"=={values['version']}" if "version" in values else ""
    if text.lstrip().startswith("{"):
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            return
        for table in (_at(data, "default"), _at(data, "develop")):
            for library, entry in table.items() if isinstance(table, dict) else ():
                yield library, _text(_at(entry, "version"))
