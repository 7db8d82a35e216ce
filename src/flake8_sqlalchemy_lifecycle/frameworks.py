"""The frameworks that a rule may be about: what their users call them, in the order of the documentation.

A rule that takes no more than SQLAlchemy names none.
"""

STARLETTE = ("FastAPI", "Starlette")
ASGI = (*STARLETTE, "Litestar", "Quart", "Sanic", "aiohttp")
WEB = (*ASGI, "Flask")
TASK_QUEUES = ("Celery", "Dramatiq", "RQ", "arq", "TaskIQ", "APScheduler")
GRAPHQL = ("Strawberry", "Ariadne", "Graphene")
BOTS = ("aiogram", "python-telegram-bot", "discord.py")
ASYNCIO = ("asyncio",)  # programs that run an event loop by themselves
THREADS = ("threads",)
PROCESSES = ("processes",)
SERVERS = ("gunicorn",)

ASYNC = (*ASGI, "arq", "TaskIQ", *BOTS, *ASYNCIO)  # whatever runs on an event loop

FRAMEWORKS = WEB + TASK_QUEUES + GRAPHQL + BOTS + ASYNCIO + THREADS + PROCESSES + SERVERS
