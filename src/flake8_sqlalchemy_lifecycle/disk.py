"""Source files as they lie on the disk: read with all that has to be kept, and replaced as a whole."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import tempfile
import tokenize
from dataclasses import dataclass


class NotWrittenError(Exception):
    """A file stays as it was. The text is the reason, in a line made for the user."""


@dataclass(frozen=True, slots=True)
class File:
    """One source file: its bytes, and the text in them, with its line ends and without its byte order mark."""

    path: str
    data: bytes
    encoding: str
    text: str


def read(path: str) -> File | None:
    """Read a file; None if Python could not decode it."""
    with open(path, "rb") as file:
        data = file.read()
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return File(path, data, encoding, data.decode(encoding))
    except (SyntaxError, ValueError, LookupError):
        return None


def write(file: File, text: str) -> None:
    """Give a file its new text, all at once: whatever happens, the old or the new one is there.

    A symlink stays, what it leads to is replaced.
    """
    try:
        data = text.encode(file.encoding)
    except UnicodeEncodeError as error:
        raise NotWrittenError(f"its encoding, {file.encoding}, lacks a character") from error
    path = os.path.realpath(file.path)
    try:
        with open(path, "rb") as current:
            if current.read() != file.data:
                raise NotWrittenError("it was changed meanwhile")
        _replace(path, data)
    except OSError as error:
        raise NotWrittenError(error.strerror or str(error)) from error


def _replace(path: str, data: bytes) -> None:
    status = os.stat(path)
    writable = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
    if not status.st_mode & writable or not os.access(path, os.W_OK):
        raise NotWrittenError("it is read-only")
    folder, name = os.path.split(path)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(OSError, AttributeError):  # only root may give files away
            os.chown(temporary, status.st_uid, status.st_gid)
        os.chmod(temporary, stat.S_IMODE(status.st_mode))
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
