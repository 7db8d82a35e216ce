"""The commands by which a project's own files start its Celery workers, and the pools that they choose.

Read are the files of the root and of the folders in it that hold such commands: Procfile, compose files, supervisor's
and systemd's units, Dockerfiles, Makefiles, shell scripts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from .manifests import names_in, text_of

_FILES = re.compile(
    r"(Procfile|Dockerfile|Makefile|Justfile)[\w.-]*|[\w.-]+\.(conf|ini|ya?ml|sh|service|dockerfile)",
    re.IGNORECASE,
)
_MOST_FILES = 400
_PUNCTUATION = re.compile(r"[\"',\[\]]+")
_WORKER = re.compile(r"\bcelery\b(?:(?!\bcelery\b).)*?\sworker\b.*")
_POOL = re.compile(r"\s(?:-P|--pool)[ \t=]*(\S+)")


def worker_pools(root: str) -> Iterator[str]:
    """The pool that each command chooses; "" where it leaves the default."""
    for path in _paths(root):
        text = text_of(path, root)
        if "celery" not in text or "worker" not in text:
            continue
        for line in _PUNCTUATION.sub(" ", text.replace("\\\n", " ")).splitlines():
            command = None if line.lstrip().startswith("#") else _WORKER.search(line)
            if command is not None:
                pool = _POOL.search(command[0])
                yield pool[1] if pool else ""


def _paths(root: str) -> Iterator[str]:
    left = _MOST_FILES
    for folder in (root, *(os.path.join(root, name) for name in names_in(root, root))):
        if folder != root and (
            os.path.basename(folder).startswith(".") or not os.path.isdir(folder)
        ):
            continue
        for name in names_in(folder, root):
            if _FILES.fullmatch(name) and left:
                left -= 1
                yield os.path.join(folder, name)
