"""SQLAlchemy, SQLModel and Flask-SQLAlchemy. Read off SQLAlchemy 2.1.9 and 2.0.57."""

from __future__ import annotations

from .terms import Kind, Type, rows, words

TYPES: dict[str, Type] = {
    "sqlalchemy.Engine": Type(Kind.ENGINE),
    "sqlalchemy.AsyncEngine": Type(Kind.ENGINE, is_async=True),
    "sqlalchemy.sessionmaker": Type(Kind.MAKER),
    "sqlalchemy.async_sessionmaker": Type(Kind.MAKER, is_async=True),
    "sqlalchemy.scoped_session": Type(Kind.REGISTRY),
    "sqlalchemy.async_scoped_session": Type(Kind.REGISTRY, is_async=True),
    "sqlalchemy.Session": Type(Kind.SESSION),
    "sqlalchemy.AsyncSession": Type(Kind.SESSION, is_async=True),
    "sqlalchemy.Connection": Type(Kind.CONNECTION),
    "sqlalchemy.AsyncConnection": Type(Kind.CONNECTION, is_async=True),
    "sqlalchemy.SessionTransaction": Type(Kind.TRANSACTION),
    "sqlalchemy.AsyncSessionTransaction": Type(Kind.TRANSACTION, is_async=True),
    "sqlalchemy.Transaction": Type(Kind.TRANSACTION),
    "sqlalchemy.RootTransaction": Type(Kind.TRANSACTION, ("sqlalchemy.Transaction",)),
    "sqlalchemy.AsyncTransaction": Type(Kind.TRANSACTION, is_async=True),
    "sqlalchemy.Query": Type(),
    "sqlalchemy.Result": Type(),
    "sqlalchemy.ScalarResult": Type(),
    "sqlalchemy.MappingResult": Type(),
    "sqlalchemy.AsyncResult": Type(is_async=True),
    "sqlalchemy.AsyncScalarResult": Type(is_async=True),
    "sqlalchemy.AsyncMappingResult": Type(is_async=True),
    "sqlalchemy.URL": Type(),
    "sqlalchemy.NullPool": Type(),
    "sqlalchemy.StaticPool": Type(),
    "sqlalchemy.QueuePool": Type(),
    "sqlalchemy.AsyncAdaptedQueuePool": Type(),
    "sqlalchemy.SingletonThreadPool": Type(),
    "sqlalchemy.AssertionPool": Type(),
    "flask_sqlalchemy.SQLAlchemy": Type(),
}

CREATORS = {
    "sqlalchemy.create_engine": "sqlalchemy.Engine",
    "sqlalchemy.engine_from_config": "sqlalchemy.Engine",
    "sqlalchemy.create_async_engine": "sqlalchemy.AsyncEngine",
    "sqlalchemy.async_engine_from_config": "sqlalchemy.AsyncEngine",
}
"""The functions that make an engine. `AsyncEngine(engine)` wraps one and is followed to it."""

CREATOR_WORDS = (
    "create_engine",
    "create_async_engine",
    "engine_from_config",
    "async_engine_from_config",
)

RETURNS: dict[str, str] = {
    **CREATORS,
    "sqlalchemy.make_url": "sqlalchemy.URL",
    "sqlalchemy.URL.create": "sqlalchemy.URL",
    "sqlalchemy.URL.set": "sqlalchemy.URL",
    "sqlalchemy.Engine.connect": "sqlalchemy.Connection",
    "sqlalchemy.Engine.begin": "sqlalchemy.Connection",
    "sqlalchemy.AsyncEngine.connect": "sqlalchemy.AsyncConnection",
    "sqlalchemy.AsyncEngine.begin": "sqlalchemy.AsyncConnection",
    "sqlalchemy.Session.begin": "sqlalchemy.SessionTransaction",
    "sqlalchemy.Session.begin_nested": "sqlalchemy.SessionTransaction",
    "sqlalchemy.AsyncSession.begin": "sqlalchemy.AsyncSessionTransaction",
    "sqlalchemy.AsyncSession.begin_nested": "sqlalchemy.AsyncSessionTransaction",
    "sqlalchemy.Session.query": "sqlalchemy.Query",
    "sqlalchemy.scoped_session.query": "sqlalchemy.Query",
    "sqlalchemy.Session.connection": "sqlalchemy.Connection",
    "sqlalchemy.AsyncSession.connection": "sqlalchemy.AsyncConnection",
    "sqlalchemy.Connection.begin": "sqlalchemy.Transaction",
    "sqlalchemy.Connection.begin_nested": "sqlalchemy.Transaction",
    "sqlalchemy.AsyncConnection.begin": "sqlalchemy.AsyncTransaction",
    "sqlalchemy.AsyncConnection.begin_nested": "sqlalchemy.AsyncTransaction",
    "sqlalchemy.AsyncConnection.stream": "sqlalchemy.AsyncResult",
    "sqlalchemy.AsyncConnection.stream_scalars": "sqlalchemy.AsyncScalarResult",
    "sqlalchemy.Result.scalars": "sqlalchemy.ScalarResult",
    "sqlalchemy.Result.mappings": "sqlalchemy.MappingResult",
    "sqlalchemy.AsyncResult.scalars": "sqlalchemy.AsyncScalarResult",
    "sqlalchemy.AsyncResult.mappings": "sqlalchemy.AsyncMappingResult",
}

KEEPS_RECEIVER = frozenset(
    {
        "sqlalchemy.Engine.execution_options",
        "sqlalchemy.AsyncEngine.execution_options",
        "sqlalchemy.Connection.execution_options",
        "sqlalchemy.AsyncConnection.execution_options",
        *rows(
            "sqlalchemy.Query",
            "add_columns add_entity distinct enable_eagerloads execution_options filter filter_by "
            "group_by having join limit offset options order_by outerjoin params "
            "populate_existing reset_joinpoint select_from slice union union_all where "
            "with_for_update yield_per",
            None,
        ),
        *rows("sqlalchemy.Result sqlalchemy.AsyncResult", "columns unique yield_per", None),
        *rows("sqlalchemy.ScalarResult sqlalchemy.AsyncScalarResult", "unique yield_per", None),
        *rows("sqlalchemy.MappingResult", "columns unique yield_per", None),
        *rows("sqlalchemy.AsyncMappingResult", "columns unique yield_per", None),
    }
)

VIEWS = {
    "sqlalchemy.AsyncEngine.sync_engine": "sqlalchemy.Engine",
    "sqlalchemy.AsyncSession.sync_session": "sqlalchemy.Session",
    "sqlalchemy.AsyncConnection.sync_connection": "sqlalchemy.Connection",
}
"""Attributes that stand for the very resource of their owner."""

ATTRIBUTES: dict[str, str] = {
    **VIEWS,
    "flask_sqlalchemy.SQLAlchemy.session": "sqlalchemy.scoped_session",
    "flask_sqlalchemy.SQLAlchemy.engine": "sqlalchemy.Engine",
}

SAME_AS = {
    "sqlmodel.Session": "sqlalchemy.Session",
    "sqlmodel.AsyncSession": "sqlalchemy.AsyncSession",
    "sqlmodel.create_engine": "sqlalchemy.create_engine",
    "sqlalchemy.AsyncSession.get_bind": "sqlalchemy.Session.get_bind",
}

REEXPORTS = {"sqlmodel": "sqlalchemy"}

IO_METHODS: dict[Kind, frozenset[str]] = {
    Kind.SESSION: words(
        "aclose begin begin_nested bulk_insert_mappings bulk_save_objects bulk_update_mappings "
        "close commit connection delete delete_all exec execute flush get get_one invalidate merge "
        "merge_all query refresh reset rollback run_sync scalar scalars stream stream_scalars"
    ),
    Kind.CONNECTION: words(
        "aclose begin begin_nested close commit exec_driver_sql execute get_isolation_level "
        "get_raw_connection invalidate rollback run_sync scalar scalars start stream stream_scalars"
    ),
}
"""Methods that talk to the database, by kind of object."""

CONNECTING: dict[Kind, frozenset[str]] = {
    Kind.ENGINE: words("begin connect execute raw_connection"),
    **dict.fromkeys(
        (Kind.SESSION, Kind.REGISTRY),
        words(
            "bulk_insert_mappings bulk_save_objects bulk_update_mappings commit connection exec "
            "execute flush get get_one merge refresh run_sync scalar scalars stream stream_scalars"
        ),
    ),
}
"""Methods that surely check a connection out of the pool."""

OF_QUERIES = words("all count delete first get one one_or_none scalar update")
"""Methods of `QUERY` that run it."""

QUERY = "sqlalchemy.Query"
FLASK = "flask_sqlalchemy.SQLAlchemy"

TAKE_AN_ENGINE = words(
    "create_all drop_all reflect prepare inspect Table to_sql read_sql read_sql_query read_sql_table"
)
"""Functions and methods of SQLAlchemy and pandas that connect the engine that they get."""

_OF_SESSIONS = words(
    "aclose close close_all commit connection delete delete_all execute flush get get_one "
    "invalidate merge merge_all refresh reset rollback scalar scalars stream stream_scalars"
)
_OF_RESULTS = words("all close fetchall fetchmany first one one_or_none")

COROUTINES: dict[str, frozenset[str]] = {
    "sqlalchemy.AsyncEngine": words("dispose raw_connection"),
    "sqlalchemy.AsyncSession": _OF_SESSIONS | {"exec", "run_sync"},
    "sqlalchemy.async_scoped_session": _OF_SESSIONS | {"remove"},
    "sqlalchemy.AsyncConnection": words(
        "aclose close commit exec_driver_sql execute execution_options get_isolation_level "
        "get_raw_connection invalidate rollback run_sync scalar scalars start"
    ),
    "sqlalchemy.AsyncTransaction": words("close commit rollback start"),
    "sqlalchemy.AsyncSessionTransaction": words("commit rollback start"),
    "sqlalchemy.AsyncResult": _OF_RESULTS
    | words("fetchone freeze scalar scalar_one scalar_one_or_none"),
    "sqlalchemy.AsyncScalarResult": _OF_RESULTS,
    "sqlalchemy.AsyncMappingResult": _OF_RESULTS | {"fetchone"},
}
"""Methods that do nothing until they are awaited, by type. `exec` is SQLModel's."""

STARTABLES: dict[str, frozenset[str]] = {
    "sqlalchemy.AsyncEngine": words("begin connect"),
    "sqlalchemy.async_sessionmaker": words("begin"),
    "sqlalchemy.AsyncSession": words("begin begin_nested"),
    "sqlalchemy.async_scoped_session": words("begin begin_nested"),
    "sqlalchemy.AsyncConnection": words("begin begin_nested stream stream_scalars"),
}
"""Methods that do nothing until they are awaited or entered; an engine's and a maker's `begin` can only be entered."""

_PLAIN_OF_SESSIONS = words(
    "add add_all expire expire_all expunge expunge_all get_async_bind get_bind identity_key "
    "is_modified object_session"
)

PLAIN: dict[str, frozenset[str]] = {
    "sqlalchemy.AsyncEngine": words(
        "clear_compiled_cache execution_options get_execution_options update_execution_options"
    ),
    "sqlalchemy.async_sessionmaker": words("configure"),
    "sqlalchemy.AsyncSession": _PLAIN_OF_SESSIONS
    | words(
        "bind_mapper bind_table get_nested_transaction get_transaction in_nested_transaction "
        "in_transaction"
    ),
    "sqlalchemy.async_scoped_session": _PLAIN_OF_SESSIONS | {"configure"},
    "sqlalchemy.AsyncConnection": words(
        "get_nested_transaction get_transaction in_nested_transaction in_transaction"
    ),
    "sqlalchemy.AsyncResult": words("columns keys mappings scalars tuples unique yield_per"),
    "sqlalchemy.AsyncScalarResult": words("unique yield_per"),
    "sqlalchemy.AsyncMappingResult": words("columns keys unique yield_per"),
    "sqlalchemy.Result": _OF_RESULTS
    | words(
        "columns fetchone freeze keys mappings merge partitions scalar scalar_one "
        "scalar_one_or_none scalars tuples unique yield_per"
    ),
    "sqlalchemy.ScalarResult": _OF_RESULTS | words("partitions unique yield_per"),
    "sqlalchemy.MappingResult": _OF_RESULTS
    | words("columns fetchone keys partitions unique yield_per"),
}
"""Methods of asyncio's objects, and of the results that they give, whose result cannot be awaited."""

_EXECUTORS = "sqlalchemy.AsyncSession sqlalchemy.async_scoped_session"

AWAITED: dict[str, str | None] = {
    **{f"{owner}.{name}": None for owner, names in COROUTINES.items() for name in names},
    **rows(f"{_EXECUTORS} sqlalchemy.AsyncConnection", "execute", "sqlalchemy.Result"),
    **rows(f"{_EXECUTORS} sqlalchemy.AsyncConnection", "scalars", "sqlalchemy.ScalarResult"),
    "sqlalchemy.AsyncSession.exec": "sqlalchemy.Result",
    **rows(_EXECUTORS, "stream", "sqlalchemy.AsyncResult"),
    **rows(_EXECUTORS, "stream_scalars", "sqlalchemy.AsyncScalarResult"),
    "sqlalchemy.AsyncConnection.exec_driver_sql": "sqlalchemy.Result",
}
"""What awaiting a coroutine method gives; None where that is none of our objects."""

FUNCTIONS = frozenset({"sqlalchemy.declarative_base"})
