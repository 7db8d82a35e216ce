"""Tasks, threads, processes, locks, exit stacks and caches, of the standard library and its kin."""

from __future__ import annotations

from .terms import Kind, Type

TYPES: dict[str, Type] = {
    "asyncio.TaskGroup": Type(Kind.TASKS, is_async=True),
    "anyio.TaskGroup": Type(Kind.TASKS, is_async=True),
    "trio.Nursery": Type(Kind.TASKS, is_async=True),
    "asyncio.AbstractEventLoop": Type(is_async=True),
    "asyncio.Lock": Type(Kind.LOCK, is_async=True),
    "anyio.Lock": Type(Kind.LOCK, is_async=True),
    "trio.Lock": Type(Kind.LOCK, is_async=True),
    "asyncio.Condition": Type(Kind.LOCK, is_async=True),
    "anyio.Condition": Type(Kind.LOCK, is_async=True),
    "asyncio.Semaphore": Type(is_async=True),
    "anyio.Semaphore": Type(is_async=True),
    "anyio.CapacityLimiter": Type(is_async=True),
    "trio.Semaphore": Type(is_async=True),
    "trio.CapacityLimiter": Type(is_async=True),
    "threading.Semaphore": Type(),
    "threading.Lock": Type(Kind.LOCK),
    "threading.RLock": Type(Kind.LOCK),
    "threading.Condition": Type(Kind.LOCK),
    "contextlib.ExitStack": Type(Kind.STACK),
    "contextlib.AsyncExitStack": Type(Kind.STACK, is_async=True),
    "multiprocessing.Process": Type(Kind.PROCESS),
    "multiprocessing.Pool": Type(Kind.PROCESS_POOL),
    "multiprocessing.BaseContext": Type(),
    "concurrent.ProcessPoolExecutor": Type(Kind.PROCESS_POOL),
    "concurrent.ThreadPoolExecutor": Type(),
    "billiard.Process": Type(Kind.PROCESS),
    "billiard.Pool": Type(Kind.PROCESS_POOL),
    "torch.Process": Type(Kind.PROCESS),
    "torch.Pool": Type(Kind.PROCESS_POOL),
}

RETURNS: dict[str, str] = {
    "anyio.create_task_group": "anyio.TaskGroup",
    "trio.open_nursery": "trio.Nursery",
    "asyncio.get_event_loop": "asyncio.AbstractEventLoop",
    "asyncio.get_running_loop": "asyncio.AbstractEventLoop",
    "asyncio.new_event_loop": "asyncio.AbstractEventLoop",
    "multiprocessing.get_context": "multiprocessing.BaseContext",
    "billiard.get_context": "multiprocessing.BaseContext",
    "torch.get_context": "multiprocessing.BaseContext",
    "multiprocessing.BaseContext.Process": "multiprocessing.Process",
    "multiprocessing.BaseContext.Pool": "multiprocessing.Pool",
}

SAME_AS = {
    "multiprocess.Process": "multiprocessing.Process",
    "multiprocess.Pool": "multiprocessing.Pool",
    "multiprocess.get_context": "multiprocessing.get_context",
    "asyncio.BoundedSemaphore": "asyncio.Semaphore",
    "threading.BoundedSemaphore": "threading.Semaphore",
    "asyncer.create_task_group": "anyio.create_task_group",
    "typing_extensions.Annotated": "typing.Annotated",
    "async_lru.alru_cache": "functools.lru_cache",
    "asyncstdlib.lru_cache": "functools.lru_cache",
    "asyncstdlib.cache": "functools.cache",
    "asyncstdlib.cached_property": "functools.cached_property",
    "cachetools.cached": "functools.cache",
    "cachetools.cachedmethod": "functools.cache",
    "cachetools.fifo_cache": "functools.lru_cache",
    "cachetools.lfu_cache": "functools.lru_cache",
    "cachetools.lru_cache": "functools.lru_cache",
    "cachetools.rr_cache": "functools.lru_cache",
    "cachetools.ttl_cache": "functools.lru_cache",
    "aiocache.cached": "functools.cache",
    "aiocache.cached_stampede": "functools.cache",
    "werkzeug.cached_property": "functools.cached_property",
    "django.cached_property": "functools.cached_property",
    "async_generator.asynccontextmanager": "contextlib.asynccontextmanager",
}

LIMITS = {
    "asyncio.Semaphore": "value",
    "anyio.Semaphore": "initial_value",
    "anyio.CapacityLimiter": "total_tokens",
    "trio.Semaphore": "initial_value",
    "trio.CapacityLimiter": "total_tokens",
    "threading.Semaphore": "value",
}
"""What lets so many in at once, and the argument, the first one, that tells how many."""

CACHES = frozenset({"functools.cache", "functools.lru_cache", "functools.cached_property"})
CONTEXT_MANAGERS = frozenset({"contextlib.contextmanager", "contextlib.asynccontextmanager"})

FUNCTIONS = frozenset(
    {
        "asyncio.gather",
        "asyncio.wait",
        "asyncio.as_completed",
        "asyncio.create_task",
        "asyncio.ensure_future",
        "asyncio.run",
        "asyncio.shield",
        "asyncio.wait_for",
        "asyncio.to_thread",
        "contextlib.closing",
        "contextlib.aclosing",
        "contextlib.suppress",
        "contextlib.nullcontext",
        "functools.partial",
        "functools.wraps",
        "joblib.Parallel",
        "os.fork",
        "os.getenv",
        "multiprocessing.set_start_method",
    }
)
