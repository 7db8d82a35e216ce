"""SQLAlchemy, SQLModel and Flask-SQLAlchemy. Read off SQLAlchemy 2.1.9 and 2.0.57."""

from __future__ import annotations

from .terms import Kind, Type, words

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
    "sqlalchemy.Session.connection": "sqlalchemy.Connection",
    "sqlalchemy.AsyncSession.connection": "sqlalchemy.AsyncConnection",
    "sqlalchemy.Connection.begin": "sqlalchemy.Transaction",
    "sqlalchemy.Connection.begin_nested": "sqlalchemy.Transaction",
    "sqlalchemy.AsyncConnection.begin": "sqlalchemy.AsyncTransaction",
    "sqlalchemy.AsyncConnection.begin_nested": "sqlalchemy.AsyncTransaction",
}

KEEPS_RECEIVER = frozenset(
    {
        "sqlalchemy.Engine.execution_options",
        "sqlalchemy.AsyncEngine.execution_options",
        "sqlalchemy.Connection.execution_options",
        "sqlalchemy.AsyncConnection.execution_options",
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

FUNCTIONS = frozenset({"sqlalchemy.declarative_base"})
