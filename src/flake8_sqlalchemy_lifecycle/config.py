"""What the user asked for, checked and frozen."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass

from . import catalogue


class ConfigError(ValueError):
    """A value that the user gave is wrong. Its text is one line, made for the user."""


@dataclass(frozen=True, slots=True)
class Config:
    """The options of a run.

    `enable` holds the codes of opt-in rules that are wanted; `source_roots` folders, relative to
    the project root, below which imports are looked for as well; `target_versions` requirements
    such as `fastapi>=0.110,<0.118` that stand for what the project declares about a library.
    """

    enable: frozenset[str] = frozenset()
    source_roots: tuple[str, ...] = ()
    target_versions: tuple[str, ...] = ()


def enabled_rules(asked: Iterable[str]) -> frozenset[str]:
    """Turn codes and names of rules into codes; refuse what is neither."""
    try:
        return frozenset(catalogue.find(name).code for name in asked)
    except catalogue.UnknownRuleError as error:
        raise ConfigError(f"lsa-enable: {error}") from None


def target_versions(text: str) -> tuple[str, ...]:
    """Split `fastapi>=0.110,<0.118, sqlalchemy>=2` into one requirement a library."""
    # A specifier has commas of its own: what begins with an operator belongs to the name before it.
    pieces = filter(None, map(str.strip, re.split(r"[,\n](?!\s*[<>=!~])", text)))
    return tuple(_requirement(piece) for piece in pieces)


def _requirement(text: str) -> str:
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    from .model.knowledge import LIBRARIES

    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        requirement = None
    if requirement is None or not requirement.specifier or requirement.marker:
        raise ConfigError(
            f"lsa-target-versions: {text!r} is not a library and its versions, "
            "such as fastapi>=0.110"
        )
    library = canonicalize_name(requirement.name)
    if library not in {"python", *map(canonicalize_name, LIBRARIES)}:
        raise ConfigError(f"lsa-target-versions: {requirement.name!r} is not a library we know")
    return f"{library}{requirement.specifier}"


def source_roots(asked: Iterable[str], project_roots: Iterable[str]) -> tuple[str, ...]:
    """Check that each folder exists below one of the projects that are linted."""
    missing = set(asked)
    for root in project_roots if missing else ():
        missing = {folder for folder in missing if not os.path.isdir(os.path.join(root, folder))}
        if not missing:
            break
    for folder in asked:
        if folder in missing:
            raise ConfigError(f"lsa-source-roots: there is no directory {folder!r}")
    return tuple(asked)
