"""Task queues, schedulers and bots.

Read off Celery 5.7, RQ 2.12, Dramatiq 2.2, ARQ 0.28, TaskIQ 0.13, APScheduler 3.11 and 4.0a5,
aiogram 3.31 and 2.25, python-telegram-bot 22.8 and discord.py 2.7.
"""

from __future__ import annotations

from .terms import Kind, Role, Takes, Type, rows, words

TYPES: dict[str, Type] = {
    "celery.Celery": Type(Kind.APP),
    "celery.Task": Type(),
    "rq.Queue": Type(),
    "dramatiq.GenericActor": Type(),
    "taskiq.AsyncBroker": Type(is_async=True),
    **rows(
        "taskiq", "InMemoryBroker ZeroMQBroker", Type(bases=("taskiq.AsyncBroker",), is_async=True)
    ),
    **rows(
        "taskiq_redis",
        "ListQueueBroker ListQueueClusterBroker ListQueueSentinelBroker PubSubBroker "
        "PubSubSentinelBroker RedisStreamBroker RedisStreamClusterBroker RedisStreamSentinelBroker",
        Type(bases=("taskiq.AsyncBroker",), is_async=True),
    ),
    **rows(
        "taskiq_nats",
        "NatsBroker PullBasedJetStreamBroker PushBasedJetStreamBroker",
        Type(bases=("taskiq.AsyncBroker",), is_async=True),
    ),
    "taskiq_aio_pika.AioPikaBroker": Type(bases=("taskiq.AsyncBroker",), is_async=True),
    "taskiq_aio_kafka.AioKafkaBroker": Type(bases=("taskiq.AsyncBroker",), is_async=True),
    "apscheduler.BaseScheduler": Type(),
    "apscheduler.BackgroundScheduler": Type(bases=("apscheduler.BaseScheduler",)),
    "apscheduler.BlockingScheduler": Type(bases=("apscheduler.BaseScheduler",)),
    "apscheduler.AsyncIOScheduler": Type(bases=("apscheduler.BaseScheduler",), is_async=True),
    "apscheduler.Scheduler": Type(),
    "apscheduler.AsyncScheduler": Type(is_async=True),
    "aiogram.Router": Type(Kind.ROUTER, is_async=True),
    "aiogram.Dispatcher": Type(Kind.APP, ("aiogram.Router",), is_async=True),
    "telegram.Application": Type(is_async=True),
    "telegram.ApplicationBuilder": Type(),
    "telegram.JobQueue": Type(),
    "discord.Client": Type(is_async=True),
    "discord.AutoShardedClient": Type(bases=("discord.Client",), is_async=True),
    "discord.Bot": Type(bases=("discord.Client",), is_async=True),
    "discord.AutoShardedBot": Type(bases=("discord.Bot",), is_async=True),
    "discord.CommandTree": Type(is_async=True),
}

RETURNS: dict[str, str] = {
    "telegram.Application.builder": "telegram.ApplicationBuilder",
    "telegram.ApplicationBuilder.build": "telegram.Application",
}

KEEPS_RECEIVER = frozenset(
    rows(
        "telegram.ApplicationBuilder",
        "token bot defaults persistence concurrent_updates post_init post_stop post_shutdown "
        "job_queue rate_limiter request get_updates_request context_types arbitrary_callback_data "
        "base_url read_timeout write_timeout connect_timeout pool_timeout",
        None,
    )
) | frozenset(
    rows(
        "taskiq.AsyncBroker",
        "with_result_backend with_middlewares with_id_generator with_formatter with_serializer "
        "with_event_handlers",
        None,
    )
)

ATTRIBUTES: dict[str, str] = {
    "telegram.Application.job_queue": "telegram.JobQueue",
    "discord.Bot.tree": "discord.CommandTree",
    # Invented types: a type for each signal or observer says when its functions run.
    "celery.Celery.on_after_configure": "celery.StartupSignal",
    "celery.Celery.on_after_finalize": "celery.StartupSignal",
    "celery.Celery.on_after_fork": "celery.StartupSignal",
    "aiogram.Router.startup": "aiogram.StartupObserver",
    "aiogram.Router.shutdown": "aiogram.ShutdownObserver",
}

_SIGNALS = {
    "celeryd_init celeryd_after_setup worker_init worker_process_init worker_ready "
    "worker_before_create_process beat_init beat_embedded_init": Role.STARTUP,
    "worker_process_shutdown worker_shutting_down worker_shutdown": Role.SHUTDOWN,
    "task_prerun task_postrun task_success task_failure task_retry": Role.OPERATION,
}

_UPDATES = (
    "message edited_message channel_post edited_channel_post inline_query chosen_inline_result "
    "callback_query shipping_query pre_checkout_query poll poll_answer my_chat_member chat_member "
    "chat_join_request message_reaction message_reaction_count chat_boost removed_chat_boost "
    "business_connection business_message edited_business_message deleted_business_messages "
    "purchased_paid_media managed_bot guest_message subscription stopped_message_generation "
    "error errors"
)
# aiogram 2
_HANDLERS = words(
    "message edited_message channel_post edited_channel_post inline chosen_inline callback_query "
    "shipping_query pre_checkout_query poll poll_answer my_chat_member chat_member "
    "chat_join_request errors"
)

DECORATORS: dict[str, Role] = {
    "celery.Celery.task": Role.OPERATION,
    "celery.current_app.task": Role.OPERATION,
    "celery.shared_task": Role.OPERATION,
    **{
        f"celery.{signal}.connect": role
        for signals, role in _SIGNALS.items()
        for signal in signals.split()
    },
    "celery.StartupSignal.connect": Role.STARTUP,
    "dramatiq.actor": Role.OPERATION,
    "rq.job": Role.OPERATION,
    "taskiq.AsyncBroker.task": Role.OPERATION,
    "taskiq.async_shared_broker.task": Role.OPERATION,
    "apscheduler.BaseScheduler.scheduled_job": Role.OPERATION,
    **rows("aiogram.Router", _UPDATES, Role.OPERATION),
    **{f"aiogram.Dispatcher.{name}_handler": Role.OPERATION for name in _HANDLERS},
    "aiogram.StartupObserver.__call__": Role.STARTUP,
    "aiogram.ShutdownObserver.__call__": Role.SHUTDOWN,
    **rows("discord", "command group hybrid_command hybrid_group context_menu", Role.OPERATION),
    **rows("discord", "loop button select", Role.OPERATION),
    "discord.Client.event": Role.OPERATION,
    **rows("discord.Bot", "command group hybrid_command hybrid_group listen check", Role.OPERATION),
    **rows("discord.Bot", "before_invoke after_invoke", Role.OPERATION),
    "discord.Cog.listener": Role.OPERATION,
    **rows("discord.CommandTree", "command context_menu error", Role.OPERATION),
}

_CALLBACK = tuple((Takes(Role.OPERATION, "callback", index),) for index in range(3))
_TASK = Takes(Role.OPERATION, "func_or_task_id", 0)

TAKES: dict[str, tuple[Takes, ...]] = {
    "rq.Queue.enqueue": (Takes(Role.OPERATION, "f", 0),),
    "rq.Queue.enqueue_call": (Takes(Role.OPERATION, "func", 0),),
    "rq.Queue.enqueue_at": (Takes(Role.OPERATION, "f", 1),),
    "rq.Queue.enqueue_in": (Takes(Role.OPERATION, "func", 1),),
    "dramatiq.actor": (Takes(Role.OPERATION, "fn", 0),),
    "arq.func": (Takes(Role.OPERATION, "coroutine", 0),),
    "arq.cron": (Takes(Role.OPERATION, "coroutine", 0),),
    "arq.Worker": (
        Takes(Role.OPERATION, "functions", 0),
        Takes(Role.STARTUP, "on_startup"),
        Takes(Role.SHUTDOWN, "on_shutdown"),
        *(Takes(Role.OPERATION, hook) for hook in ("on_job_start", "on_job_end", "after_job_end")),
    ),
    "taskiq.TaskiqDepends": (Takes(Role.OPERATION, "dependency", 0),),
    "taskiq.AsyncBroker.register_task": (Takes(Role.OPERATION, "func", 0),),
    "apscheduler.BaseScheduler.add_job": (Takes(Role.OPERATION, "func", 0),),
    **rows(
        "apscheduler.Scheduler apscheduler.AsyncScheduler", "add_job add_schedule run_job", (_TASK,)
    ),
    **rows(
        "apscheduler.Scheduler apscheduler.AsyncScheduler",
        "configure_task",
        (_TASK, Takes(Role.OPERATION, "func")),
    ),
    **{f"aiogram.Router.{update}.register": _CALLBACK[0] for update in _UPDATES.split()},
    **{f"aiogram.Dispatcher.register_{name}_handler": _CALLBACK[0] for name in _HANDLERS},
    **rows(
        "aiogram.executor",
        "start_polling start_webhook",
        (Takes(Role.STARTUP, "on_startup"), Takes(Role.SHUTDOWN, "on_shutdown")),
    ),
    "aiogram.StartupObserver.register": (Takes(Role.STARTUP, "callback", 0),),
    "aiogram.ShutdownObserver.register": (Takes(Role.SHUTDOWN, "callback", 0),),
    **rows(
        "telegram",
        "BusinessConnectionHandler BusinessMessagesDeletedHandler CallbackQueryHandler "
        "ChatBoostHandler ChatJoinRequestHandler ChatMemberHandler ChosenInlineResultHandler "
        "InlineQueryHandler ManagedBotUpdatedHandler MessageReactionHandler "
        "PaidMediaPurchasedHandler PollAnswerHandler PollHandler PreCheckoutQueryHandler "
        "ShippingQueryHandler",
        _CALLBACK[0],
    ),
    **rows(
        "telegram",
        "CommandHandler MessageHandler StringCommandHandler StringRegexHandler TypeHandler",
        _CALLBACK[1],
    ),
    "telegram.PrefixHandler": _CALLBACK[2],
    "telegram.Application.add_error_handler": _CALLBACK[0],
    **rows(
        "telegram.JobQueue", "run_once run_repeating run_daily run_monthly run_custom", _CALLBACK[0]
    ),
    "telegram.ApplicationBuilder.post_init": (Takes(Role.STARTUP, "post_init", 0),),
    "telegram.ApplicationBuilder.post_stop": (Takes(Role.SHUTDOWN, "post_stop", 0),),
    "telegram.ApplicationBuilder.post_shutdown": (Takes(Role.SHUTDOWN, "post_shutdown", 0),),
    "discord.Bot.add_listener": (Takes(Role.OPERATION, "func", 0),),
}

RUNS_UNTIL_THE_END = frozenset(
    rows("aiogram.Dispatcher", "start_polling run_polling start_webhook", None)
    | rows("telegram.Application", "run_polling run_webhook", None)
    | rows("discord.Client", "run start", None)
    | rows("discord.AutoShardedClient", "run start", None)
    | rows("discord.Bot", "run start", None)
    | rows("discord.AutoShardedBot", "run start", None)
    | rows("uvicorn.Server", "run serve", None)
    | {"uvicorn.run": None}
)
"""Calls that come back when the bot or server ends: what makes them is start-up code."""

DISPATCHED: dict[str, tuple[Role, frozenset[str]]] = {
    "celery.Task": (
        Role.OPERATION,
        frozenset({"run", "before_start", "on_success", "on_failure", "on_retry", "after_return"}),
    ),
    "dramatiq.GenericActor": (Role.OPERATION, frozenset({"perform"})),
    "dramatiq.Middleware": (
        Role.OPERATION,
        frozenset({"before_process_message", "after_process_message", "after_skip_message"}),
    ),
    "aiogram.BaseMiddleware": (Role.OPERATION, frozenset({"__call__"})),
    "aiogram.Filter": (Role.OPERATION, frozenset({"__call__"})),
    "discord.Client": (Role.OPERATION, frozenset({"on_message", "on_interaction"})),
    "discord.Modal": (Role.OPERATION, frozenset({"on_submit"})),
}

# What arq reads off a class that its command line is given: by these names, whatever the class is called.
WORKER_SETTINGS: dict[str, Role] = {
    "functions": Role.OPERATION,
    "on_startup": Role.STARTUP,
    "on_shutdown": Role.SHUTDOWN,
    **dict.fromkeys(("on_job_start", "on_job_end", "after_job_end"), Role.OPERATION),
}
