"""What starts processes, and which arguments are the code that they run.

Read off Python 3.14, billiard 4.2 and joblib 1.5.
"""

from __future__ import annotations

WORDS = ("Process", "Pool", "ProcessPoolExecutor", "Parallel", "fork")
"""The names of what makes a process or pool."""

SOURCES = ("multiprocess", "billiard", "ProcessPool", "fork(", "joblib")
"""What a text holds, one of these, that gets to them from the libraries."""

TARGETS = 1
"""The index of a process's `target`, behind `group`."""

INITIALIZERS = {
    "multiprocessing.Pool": 1,
    "billiard.Pool": 1,
    "torch.Pool": 1,
    "concurrent.ProcessPoolExecutor": 2,
}
"""The index of a pool's `initializer`."""

GIVEN = {
    **dict.fromkeys("submit apply apply_async map map_async imap imap_unordered".split(), 0),
    **dict.fromkeys("starmap starmap_async".split(), 0),
    "run_in_executor": 1,
}
"""Methods that hand a function to a pool: its index. `run_in_executor` gets the pool first."""

SERVER_HOOKS = ("post_fork", "post_worker_init")
"""Functions of a gunicorn config that run in each worker, if `PRELOAD` is true with an app that its parent loaded."""

PARENT_HOOKS = ("on_starting", "when_ready", "pre_fork")
"""Functions of a gunicorn config that run in the parent, when it has loaded the app and before it forks."""

PRELOAD = "preload_app"

CHILD_SIGNALS = ("worker_process_init",)
"""Celery's signal in each child of its prefork pool."""

PARENT_SIGNALS = (
    "celeryd_init",
    "worker_init",
    "celeryd_after_setup",
    "worker_before_create_process",
)
"""Celery's signals in the parent, when it has imported the app and before it forks."""

FORKING_POOLS = frozenset({"prefork", "processes"})
"""The names of Celery's pool that forks, its default; all others do not."""

ARGUMENTS = {"args": 3, "kwargs": 4}
"""What a process sends to its target, and the indices."""

INITARGS = {name: index + 1 for name, index in INITIALIZERS.items()}
"""The index of what a pool sends to its `initializer`."""

STAYS = frozenset({"callback", "error_callback", "chunksize", "timeout"})
"""Arguments of a pool's methods that stay in the parent."""
