"""What takes work and runs it later: after the response, in a worker, at some time, while a response is sent.

Read off Starlette 1.10, FastAPI 0.165, Litestar 2.25, Quart 0.20, sse-starlette 3.0, Celery 5.7, RQ 2.12,
Dramatiq 2.2, TaskIQ 0.13 and APScheduler 3.11.
"""

from __future__ import annotations

BACKGROUND = {
    "starlette.BackgroundTasks.add_task": ("func", 0),
    "starlette.BackgroundTask": ("func", 0),
    "litestar.BackgroundTask": ("fn", 0),
    "quart.Quart.add_background_task": ("func", 0),
}
"""What runs a function after the response: keyword and index of the function; its arguments follow."""

JOBS = {"apscheduler.BaseScheduler.add_job": 2}
"""Methods of schedulers: the index of `args`, behind the function at 0."""

JOB_METHODS = frozenset(name.rpartition(".")[2] for name in JOBS)

BLOCKING_SCHEDULERS = ("apscheduler.BlockingScheduler",)

SENDS = frozenset("delay apply_async s si signature send send_with_options kiq".split())
"""Methods by which a task of a queue is sent to its workers."""

TASKS = frozenset(
    "celery.Celery.task celery.current_app.task celery.shared_task dramatiq.actor rq.job "
    "taskiq.AsyncBroker.task taskiq.async_shared_broker.task".split()
)
"""Decorators that make a function such a task."""

QUEUES = {"rq.Queue.enqueue": 1, "rq.Queue.enqueue_call": 1}
"""Methods of queues: the index of the first argument for the function."""

STREAMS = {
    ("fastapi", "StreamingResponse"): "content",
    ("starlette", "StreamingResponse"): "content",
    ("sse_starlette", "EventSourceResponse"): "content",
    ("fastapi", "EventSourceResponse"): "content",
    ("litestar", "Stream"): "content",
    ("litestar", "ServerSentEvent"): "content",
    ("flask", "Response"): "response",
    ("flask", "response_class"): "response",
    ("werkzeug", "Response"): "response",
    ("quart", "Response"): "response",
    ("quart", "response_class"): "response",
}
"""Responses that run a generator while they are sent, by library and name: the argument that is the generator."""

KEEPS_CONTEXT = ("flask.stream_with_context", "quart.stream_with_context")

WORDS = (
    "add_task",
    "BackgroundTask",
    "add_background_task",
    "create_task",
    "ensure_future",
    "add_job",
    *sorted(SENDS),
    "enqueue",
    "enqueue_call",
)
"""The names by which work is handed over, streams apart."""

STREAM_WORDS = (
    "StreamingResponse",
    "EventSourceResponse",
    "Stream",
    "ServerSentEvent",
    "Response",
    "response_class",
)

SIGNS = (
    "add_task",
    "BackgroundTask",
    "add_background_task",
    "create_task(",
    "ensure_future(",
    "add_job(",
    ".delay(",
    "apply_async",
    ".kiq(",
    ".enqueue",
)
"""What a text holds, one of these, that hands work over."""

SENDS_QUERY = frozenset(
    "all count delete exists first get one one_or_none scalar scalars update values".split()
)
"""Methods of a `Query` that send it, or give something else; without them it is sent when it is iterated."""
