"""The frameworks that a rule may be about: what their users call them, in the order of the documentation.

A rule that takes no more than SQLAlchemy names none.
"""

STARLETTE = ("FastAPI", "Starlette")
ASGI = (*STARLETTE, "Litestar", "Quart", "Sanic", "aiohttp")
WSGI = ("Flask",)
WEB = ASGI + WSGI
TASK_QUEUES = ("Celery", "Dramatiq", "RQ", "arq", "TaskIQ", "APScheduler")
GRAPHQL = ("Strawberry", "Ariadne", "Graphene")
BOTS = ("aiogram", "python-telegram-bot", "discord.py")
OPERATIONS = TASK_QUEUES + GRAPHQL + BOTS  # what runs an operation that is no request
ASYNCIO = ("asyncio",)  # programs that run an event loop by themselves
THREADS = ("threads",)
PROCESSES = ("processes",)
SERVERS = ("gunicorn",)

ASYNC = (*ASGI, "arq", "TaskIQ", *BOTS, *ASYNCIO)  # whatever runs on an event loop

FRAMEWORKS = WEB + OPERATIONS + ASYNCIO + THREADS + PROCESSES + SERVERS
