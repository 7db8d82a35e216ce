"""The release of this example's app, and what somebody finds who looks into it."""

import py_compile
import re
import tempfile
from pathlib import Path


def passwords_in_release(program: str) -> str:
    """Compile a program, as it goes into an image or archive, and look for URLs with passwords in its strings."""
    with tempfile.TemporaryDirectory() as folder:
        shipped = Path(folder, "app.pyc")
        py_compile.compile(program, str(shipped), doraise=True)
        found = re.findall(rb"://\w+:([^@]+)@", shipped.read_bytes())
    return b", ".join(found).decode() or "none"
