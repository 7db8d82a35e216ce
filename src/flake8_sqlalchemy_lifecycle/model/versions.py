"""Which versions of its libraries the linted project may run with, by its own declarations.

Nothing installed is asked. Where several declarations stand side by side (extras, groups, markers,
several requirements files), each of them may be the one that counts.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import manifests
from .files import within

if TYPE_CHECKING:
    from packaging.version import Version

_HIGHEST = 99999  # no release has such a number


class Declared:
    """What is declared of libraries: for each the specifiers of which any one may count."""

    def __init__(self, specifiers: dict[str, tuple[str, ...]]) -> None:
        """`specifiers`: by normalised name of the library."""
        self._specifiers = specifiers

    def declares(self, library: str) -> bool:
        """Whether the project names the library among its own, whatever the version."""
        return manifests.normalised(library) in self._specifiers

    def may_be_at_least(self, library: str, version: str) -> bool:
        """Whether some release from `version` on may be installed. True if nothing is declared."""
        return _may_be(self._of(library), version, below=False)

    def may_be_below(self, library: str, version: str) -> bool:
        """Whether some release before `version` may be installed. False if nothing is declared."""
        return _may_be(self._of(library), version, below=True)

    def _of(self, library: str) -> tuple[str, ...]:
        return self._specifiers.get(manifests.normalised(library), ())


def declared_for(path: str, root: str, overrides: tuple[str, ...]) -> Declared:
    """What the project at `root` declares for its file `path`: the nearest folder upwards wins.

    `overrides` are requirements, such as `sqlalchemy>=2.0`, that win over the project's own.
    """
    return _declared(os.path.dirname(path), root, overrides)


@functools.cache
def _declared(folder: str, root: str, overrides: tuple[str, ...]) -> Declared:
    specifiers = manifests.by_library(map(manifests.requirement, overrides))
    while within(folder, root):
        for library, given in _declarations(folder, root).items():
            specifiers[library] = specifiers.get(library) or given
        if folder == root:
            break
        folder = os.path.dirname(folder)
    return Declared(specifiers)


_declarations = functools.cache(manifests.declarations)


@functools.cache
def _may_be(specifiers: tuple[str, ...], version: str, *, below: bool) -> bool:
    """Whether one of the specifiers allows a release on that side of the version."""
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    limit = Version(version)
    nothing_declared = True
    for specifier in specifiers:
        try:
            allowed = SpecifierSet(specifier)
            named = [Version(part.version.removesuffix(".*")) for part in allowed]
        except ValueError:
            continue
        nothing_declared = False
        candidates = {release for near in (limit, *named) for release in _neighbours(near)}
        candidates.add(Version(str(_HIGHEST)))
        if any(
            (release < limit) == below and allowed.contains(release, prereleases=True)
            for release in candidates
        ):
            return True
    return nothing_declared and not below


def _neighbours(version: Version) -> Iterator[Version]:
    """The version and those next to it: wherever the answer of a specifier that names it turns."""
    from packaging.version import Version

    yield version
    parts = version.release
    releases = [parts, (*parts, 0, 1), (*parts, _HIGHEST), (*parts[:-1], _HIGHEST)]
    releases.append((*parts[:-1], parts[-1] + 1))
    while parts and not parts[-1]:
        parts = parts[:-1]
    if parts:
        releases.append((*parts[:-1], parts[-1] - 1, _HIGHEST))
    for release in releases:
        yield Version(f"{version.epoch}!{'.'.join(map(str, release))}")
