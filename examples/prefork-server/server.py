"""gunicorn, started with a configuration file, and a client of it."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from httpx import Client, HTTPTransport


@contextmanager
def gunicorn(config: str) -> Iterator[Client]:
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder, "shop.sock")
        command = [sys.executable, "-m", "gunicorn", "-c", config, "-b", f"unix:{socket}"]
        app = Path(config).parent
        with subprocess.Popen(command, cwd=app, stderr=subprocess.DEVNULL) as server:
            try:
                while not socket.exists() and server.poll() is None:
                    time.sleep(0.05)
                transport = HTTPTransport(uds=str(socket))
                with Client(transport=transport, base_url="http://shop", timeout=30) as client:
                    yield client
            finally:
                server.terminate()
