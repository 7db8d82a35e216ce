"""Web frameworks and GraphQL.

Read off FastAPI 0.165, Starlette 1.10 and 0.44, Litestar 2.25, Flask 3.1, Quart 0.22, Sanic 25.12,
aiohttp 3.14, Strawberry 0.341 and Ariadne 1.1.
"""

from __future__ import annotations

from .terms import Kind, Role, Takes, Type, rows, words

_HTTP = "get post put patch delete options head trace"

TYPES: dict[str, Type] = {
    "starlette.Starlette": Type(Kind.APP, is_async=True),
    "starlette.Router": Type(Kind.ROUTER, is_async=True),
    "fastapi.FastAPI": Type(Kind.APP, ("starlette.Starlette",), is_async=True),
    "fastapi.APIRouter": Type(Kind.ROUTER, ("starlette.Router",), is_async=True),
    "starlette.HTTPEndpoint": Type(),
    "starlette.WebSocketEndpoint": Type(),
    "starlette.BaseHTTPMiddleware": Type(),
    "starlette.Request": Type(),
    "starlette.TestClient": Type(),
    "starlette.BackgroundTasks": Type(),
    "starlette.BackgroundTask": Type(),
    "litestar.Litestar": Type(Kind.APP, is_async=True),
    "litestar.Router": Type(Kind.ROUTER, is_async=True),
    "litestar.Controller": Type(),
    "flask.Flask": Type(Kind.APP),
    "flask.Blueprint": Type(Kind.ROUTER),
    "flask.MethodView": Type(),
    "flask.View": Type(),
    "quart.Quart": Type(Kind.APP, is_async=True),
    "quart.Blueprint": Type(Kind.ROUTER, is_async=True),
    "quart.MethodView": Type(),
    "quart.View": Type(),
    "sanic.Sanic": Type(Kind.APP, is_async=True),
    "sanic.Blueprint": Type(Kind.ROUTER, is_async=True),
    "sanic.HTTPMethodView": Type(),
    "sanic.Request": Type(),
    "aiohttp.Application": Type(Kind.APP, is_async=True),
    "aiohttp.RouteTableDef": Type(Kind.ROUTER, is_async=True),
    "aiohttp.UrlDispatcher": Type(Kind.ROUTER, is_async=True),
    "aiohttp.Resource": Type(is_async=True),
    "aiohttp.View": Type(),
    "aiohttp.Request": Type(),
    "aiohttp.AppKey": Type(),
    "strawberry.GraphQLRouter": Type(Kind.ROUTER, ("fastapi.APIRouter",), is_async=True),
    "ariadne.ObjectType": Type(),
    "ariadne.QueryType": Type(bases=("ariadne.ObjectType",)),
    "ariadne.MutationType": Type(bases=("ariadne.ObjectType",)),
    "ariadne.SubscriptionType": Type(bases=("ariadne.ObjectType",)),
    "pydantic_settings.BaseSettings": Type(Kind.SETTINGS),
    "pydantic.BaseSettings": Type(Kind.SETTINGS),
    "pydantic.BaseModel": Type(),
}

RETURNS: dict[str, str] = {
    "aiohttp.UrlDispatcher.add_resource": "aiohttp.Resource",
}

ATTRIBUTES: dict[str, str] = {
    "starlette.Starlette.router": "starlette.Router",
    "fastapi.FastAPI.router": "fastapi.APIRouter",
    "sanic.Sanic.ctx": "sanic.Context",
    "sanic.Blueprint.ctx": "sanic.Context",
    "sanic.Request.app": "sanic.Sanic",
    "aiohttp.Application.router": "aiohttp.UrlDispatcher",
    "aiohttp.View.request": "aiohttp.Request",
    # Invented types: in aiohttp all four are lists of functions, here a type says when they run.
    "aiohttp.Application.on_startup": "aiohttp.StartupList",
    "aiohttp.Application.on_shutdown": "aiohttp.ShutdownList",
    "aiohttp.Application.on_cleanup": "aiohttp.ShutdownList",
    "aiohttp.Application.cleanup_ctx": "aiohttp.LifespanList",
}

REEXPORTS = {"fastapi": "starlette", "quart": "flask"}

DECORATORS: dict[str, Role] = {
    # FastAPI and Starlette
    **rows("fastapi.FastAPI fastapi.APIRouter", _HTTP, Role.REQUEST),
    **rows("fastapi.FastAPI fastapi.APIRouter", "api_route websocket", Role.REQUEST),
    **rows("starlette.Starlette starlette.Router", "route websocket_route", Role.REQUEST),
    **rows("starlette.Starlette", "middleware exception_handler", Role.REQUEST),
    # Litestar
    **rows("litestar", "get post put patch delete head route asgi", Role.REQUEST),
    **rows("litestar", "websocket websocket_listener websocket_stream", Role.REQUEST),
    **rows("litestar", "HTTPRouteHandler WebsocketRouteHandler ASGIRouteHandler", Role.REQUEST),
    "litestar.WebsocketListenerRouteHandler": Role.REQUEST,
    "litestar.listener": Role.OPERATION,
    # Flask and Quart
    **rows(
        "flask.Flask flask.Blueprint quart.Quart quart.Blueprint",
        "route get post put patch delete endpoint errorhandler before_request after_request "
        "teardown_request context_processor url_value_preprocessor",
        Role.REQUEST,
    ),
    **rows("flask.Flask quart.Quart", "teardown_appcontext", Role.REQUEST),
    **rows(
        "flask.Blueprint quart.Blueprint",
        "before_app_request after_app_request teardown_app_request app_errorhandler "
        "app_context_processor app_url_value_preprocessor",
        Role.REQUEST,
    ),
    "flask.after_this_request": Role.REQUEST,
    **rows(
        "quart.Quart quart.Blueprint",
        "websocket before_websocket after_websocket teardown_websocket",
        Role.REQUEST,
    ),
    **rows(
        "quart.Blueprint",
        "before_app_websocket after_app_websocket teardown_app_websocket",
        Role.REQUEST,
    ),
    "quart.Quart.before_serving": Role.STARTUP,
    "quart.Quart.after_serving": Role.SHUTDOWN,
    "quart.Quart.while_serving": Role.LIFESPAN,
    "quart.Blueprint.before_app_serving": Role.STARTUP,
    "quart.Blueprint.after_app_serving": Role.SHUTDOWN,
    "quart.Blueprint.while_app_serving": Role.LIFESPAN,
    # Sanic
    **rows(
        "sanic.Sanic sanic.Blueprint",
        "get post put patch delete options head route websocket middleware on_request on_response "
        "exception all_exceptions",
        Role.REQUEST,
    ),
    **rows(
        "sanic.Sanic sanic.Blueprint",
        "main_process_start main_process_ready before_server_start after_server_start "
        "reload_process_start",
        Role.STARTUP,
    ),
    **rows(
        "sanic.Sanic sanic.Blueprint",
        "main_process_stop before_server_stop after_server_stop reload_process_stop",
        Role.SHUTDOWN,
    ),
    # aiohttp
    **rows(
        "aiohttp.RouteTableDef",
        "get post put patch delete head options route view",
        Role.REQUEST,
    ),
    "aiohttp.middleware": Role.REQUEST,
    # GraphQL
    **rows("strawberry", "field mutation subscription", Role.OPERATION),
    "ariadne.ObjectType.field": Role.OPERATION,
    "ariadne.SubscriptionType.source": Role.OPERATION,
}

_LIFESPAN = Takes(Role.LIFESPAN, "lifespan")
_STARTUP_AND_SHUTDOWN = (Takes(Role.STARTUP, "on_startup"), Takes(Role.SHUTDOWN, "on_shutdown"))
_HANDLERS = Takes(Role.REQUEST, "exception_handlers")
_ENDPOINT = (Takes(Role.REQUEST, "endpoint", 1),)
_HANDLER = (Takes(Role.REQUEST, "handler", 1),)
_LITESTAR_HOOKS = (
    *(Takes(Role.REQUEST, hook) for hook in ("before_request", "after_request", "after_response")),
    *(Takes(Role.REQUEST, hook) for hook in ("guards", "dependencies")),
    Takes(Role.REQUEST, "middleware", once=True),
    _HANDLERS,
)

TAKES: dict[str, tuple[Takes, ...]] = {
    # FastAPI and Starlette
    "fastapi.FastAPI": (_LIFESPAN, *_STARTUP_AND_SHUTDOWN, _HANDLERS),
    "fastapi.APIRouter": (_LIFESPAN, *_STARTUP_AND_SHUTDOWN),
    "starlette.Starlette": (_LIFESPAN, *_STARTUP_AND_SHUTDOWN, _HANDLERS),
    "starlette.Router": (_LIFESPAN, *_STARTUP_AND_SHUTDOWN),
    "fastapi.Depends": (Takes(Role.REQUEST, "dependency", 0),),
    "fastapi.Security": (Takes(Role.REQUEST, "dependency", 0),),
    **rows("fastapi.FastAPI fastapi.APIRouter", "add_api_route add_api_websocket_route", _ENDPOINT),
    **rows(
        "starlette.Starlette",
        "add_route add_websocket_route",
        (Takes(Role.REQUEST, "route", 1),),
    ),
    **rows("starlette.Router", "add_route add_websocket_route", _ENDPOINT),
    **rows("starlette", "Route WebSocketRoute", _ENDPOINT),
    "starlette.Starlette.add_middleware": (
        Takes(Role.REQUEST, "middleware_class", 0, once=True),
        Takes(Role.REQUEST, "dispatch"),
    ),
    "starlette.Middleware": (
        Takes(Role.REQUEST, "cls", 0, once=True),
        Takes(Role.REQUEST, "dispatch"),
    ),
    "starlette.BaseHTTPMiddleware": (Takes(Role.REQUEST, "dispatch", 1),),
    "starlette.Starlette.add_exception_handler": _HANDLER,
    "starlette.BackgroundTask": (Takes(Role.OPERATION, "func", 0),),
    "starlette.BackgroundTasks.add_task": (Takes(Role.OPERATION, "func", 0),),
    # Litestar
    "litestar.Litestar": (_LIFESPAN, *_STARTUP_AND_SHUTDOWN, *_LITESTAR_HOOKS),
    "litestar.Router": _LITESTAR_HOOKS,
    "litestar.Provide": (Takes(Role.REQUEST, "dependency", 0, kept_by="use_cache"),),
    "litestar.DefineMiddleware": (Takes(Role.REQUEST, "middleware", 0, once=True),),
    "litestar.BackgroundTask": (Takes(Role.OPERATION, "fn", 0),),
    # Flask and Quart
    **rows(
        "flask.Flask flask.Blueprint quart.Quart quart.Blueprint",
        "add_url_rule",
        (Takes(Role.REQUEST, "view_func", 2),),
    ),
    **rows(
        "flask.Flask flask.Blueprint quart.Quart quart.Blueprint",
        "register_error_handler",
        (Takes(Role.REQUEST, "f", 1),),
    ),
    **rows("quart.Quart quart.Blueprint", "add_websocket", (Takes(Role.REQUEST, "view_func", 2),)),
    "quart.Quart.add_background_task": (Takes(Role.OPERATION, "func", 0),),
    # Sanic
    **rows(
        "sanic.Sanic sanic.Blueprint",
        "add_route add_websocket_route",
        (Takes(Role.REQUEST, "handler", 0),),
    ),
    "sanic.Sanic.register_middleware": (Takes(Role.REQUEST, "middleware", 0, once=True),),
    # aiohttp
    "aiohttp.Application": (Takes(Role.REQUEST, "middlewares", once=True),),
    **rows(
        "aiohttp.UrlDispatcher",
        "add_get add_post add_put add_patch add_delete add_head add_options add_view",
        _HANDLER,
    ),
    "aiohttp.UrlDispatcher.add_route": (Takes(Role.REQUEST, "handler", 2),),
    "aiohttp.Resource.add_route": _HANDLER,
    **rows("aiohttp", "get post put patch delete head options view", _HANDLER),
    "aiohttp.route": (Takes(Role.REQUEST, "handler", 2),),
    "aiohttp.StartupList.append": (Takes(Role.STARTUP, "item", 0),),
    "aiohttp.ShutdownList.append": (Takes(Role.SHUTDOWN, "item", 0),),
    "aiohttp.LifespanList.append": (Takes(Role.LIFESPAN, "item", 0),),
    "aiohttp.StartupList.extend": (Takes(Role.STARTUP, "items", 0),),
    "aiohttp.ShutdownList.extend": (Takes(Role.SHUTDOWN, "items", 0),),
    "aiohttp.LifespanList.extend": (Takes(Role.LIFESPAN, "items", 0),),
    # GraphQL
    **rows("strawberry", "field mutation subscription", (Takes(Role.OPERATION, "resolver", 0),)),
    "strawberry.GraphQLRouter": (
        Takes(Role.REQUEST, "context_getter"),
        Takes(Role.REQUEST, "root_value_getter"),
    ),
    "strawberry.DataLoader": (Takes(Role.OPERATION, "load_fn", 0),),
    "ariadne.ObjectType.set_field": (Takes(Role.OPERATION, "resolver", 1),),
    "ariadne.SubscriptionType.set_source": (Takes(Role.OPERATION, "generator", 1),),
    "ariadne.GraphQL": (Takes(Role.REQUEST, "context_value"),),
}

_SERVER_EVENTS = {
    "main_process_start": Role.STARTUP,
    "main_process_ready": Role.STARTUP,
    "before_server_start": Role.STARTUP,
    "after_server_start": Role.STARTUP,
    "before_server_stop": Role.SHUTDOWN,
    "after_server_stop": Role.SHUTDOWN,
    "main_process_stop": Role.SHUTDOWN,
}

EVENTS: dict[str, dict[str, Role]] = {
    "sanic.Sanic.listener": _SERVER_EVENTS,
    "sanic.Blueprint.listener": _SERVER_EVENTS,
}
"""Decorators whose first argument, a constant, names the event and with it the role."""

_METHODS = words(_HTTP)

DISPATCHED: dict[str, tuple[Role, frozenset[str]]] = {
    "starlette.HTTPEndpoint": (Role.REQUEST, _METHODS),
    "starlette.WebSocketEndpoint": (
        Role.REQUEST,
        frozenset({"on_connect", "on_receive", "on_disconnect"}),
    ),
    "starlette.BaseHTTPMiddleware": (Role.REQUEST, frozenset({"dispatch"})),
    "litestar.WebsocketListener": (
        Role.REQUEST,
        frozenset({"on_accept", "on_receive", "on_disconnect"}),
    ),
    "litestar.MiddlewareProtocol": (Role.REQUEST, frozenset({"__call__"})),
    "litestar.AbstractMiddleware": (Role.REQUEST, frozenset({"__call__"})),
    "litestar.ASGIMiddleware": (Role.REQUEST, frozenset({"handle"})),
    "litestar.AbstractAuthenticationMiddleware": (
        Role.REQUEST,
        frozenset({"authenticate_request"}),
    ),
    "flask.MethodView": (Role.REQUEST, _METHODS),
    "flask.View": (Role.REQUEST, frozenset({"dispatch_request"})),
    "quart.MethodView": (Role.REQUEST, _METHODS),
    "quart.View": (Role.REQUEST, frozenset({"dispatch_request"})),
    "sanic.HTTPMethodView": (Role.REQUEST, _METHODS),
    "aiohttp.View": (Role.REQUEST, _METHODS),
    "strawberry.BasePermission": (Role.OPERATION, frozenset({"has_permission"})),
    "strawberry.SchemaExtension": (
        Role.OPERATION,
        frozenset({"on_operation", "on_execute", "on_validate", "on_parse", "resolve"}),
    ),
}

FUNCTIONS = frozenset(
    {"starlette.run_in_threadpool", "starlette.Mount", "starlette.Host", "flask.current_app"}
)
