"""What runs a function in another thread, and where its arguments stand.

Read off Python 3.14, Starlette 1.10, anyio 4.11 and APScheduler 3.11.
"""

from __future__ import annotations

WORDS = (
    "Thread",
    "Timer",
    "to_thread",
    "run_in_threadpool",
    "run_sync",
    "run_in_executor",
    "submit",
    "map",
    "imap",
    "imap_unordered",
    "map_async",
    "starmap",
    "starmap_async",
    "apply_async",
    "add_job",
)
"""The names of what hands a function to a thread."""

SOURCES = (
    "Thread",
    "Timer",
    "to_thread",
    "run_in_threadpool",
    "run_in_executor",
    "dummy",
    "BackgroundSch",
)
"""What a text holds, one of these, that gets to them from the libraries."""

CLASSES = {"threading.Thread": "target", "threading.Timer": "function"}
"""The classes of threads, and the argument that is the function."""

INDEX = {"threading.Thread": 1, "threading.Timer": 1}
ARGUMENTS = {"threading.Thread": 3, "threading.Timer": 2}
"""Where the function stands, and where its arguments do."""

AWAITED = {
    "asyncio.to_thread": 0,
    "starlette.run_in_threadpool": 0,
    "anyio.run_sync": 0,
    "anyio.to_thread.run_sync": 0,
}
"""Coroutines that run a function in a thread: the index of the function."""

EXECUTES = "asyncio.AbstractEventLoop.run_in_executor"

EXECUTOR = "concurrent.ThreadPoolExecutor"
POOLS = ("multiprocessing.pool.ThreadPool", "multiprocessing.dummy.Pool")
SCHEDULER = "apscheduler.BackgroundScheduler"

MANY = frozenset("map imap imap_unordered map_async starmap starmap_async".split())
"""Methods of executors and pools that run a function once for each element."""
