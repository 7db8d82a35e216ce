"""SQLAlchemy's pools and the arguments for them. Measured on SQLAlchemy 2.1.9, 2.0.57, 2.0.30 and 1.4.54."""

from __future__ import annotations

from .terms import words

QUEUE_ARGUMENTS = words("pool_size max_overflow pool_timeout pool_use_lifo")
"""Arguments of `create_engine()` that not every pool has."""

POOL_ARGUMENTS = QUEUE_ARGUMENTS | words(
    "pool poolclass pool_recycle pool_pre_ping pool_reset_on_return pool_logging_name pool_events "
    "echo_pool"
)

POOLS: dict[str, frozenset[str]] = {
    "sqlalchemy.QueuePool": QUEUE_ARGUMENTS,
    "sqlalchemy.AsyncAdaptedQueuePool": QUEUE_ARGUMENTS,
    "sqlalchemy.SingletonThreadPool": words("pool_size"),
    "sqlalchemy.NullPool": frozenset(),
    "sqlalchemy.StaticPool": frozenset(),
    "sqlalchemy.AssertionPool": frozenset(),
}
"""Which of these a pool has."""

THREADED = words("sqlalchemy.QueuePool sqlalchemy.SingletonThreadPool")
ASYNCIO = words("sqlalchemy.AsyncAdaptedQueuePool")
"""Pools that serve only one flavour of engine."""

FLAVOUR_CHECKED_SINCE = "2.0.28"

IN_MEMORY = {
    "sqlite": "sqlalchemy.SingletonThreadPool",
    "sqlite+pysqlite": "sqlalchemy.SingletonThreadPool",
    "sqlite+pysqlcipher": "sqlalchemy.SingletonThreadPool",
    "sqlite+aiosqlite": "sqlalchemy.StaticPool",
}
"""The pool that a dialect picks for a database in memory."""

QUEUE_FOR_FILES_SINCE = {"sqlite": "2.0", "sqlite+pysqlite": "2.0", "sqlite+aiosqlite": "2.0.38"}
"""Before, the dialect picked NullPool for a file. The pools of servers are queues."""

OTHER_ARGUMENTS = words("enable_pooling logging_name")
"""Arguments of dialects and engines that look like one for a pool."""
