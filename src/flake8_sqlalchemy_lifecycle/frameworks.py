"""The frameworks that a rule may be about, by the names that their users know, in the order of the documentation."""

ASGI = ("FastAPI", "Starlette", "Litestar", "Quart", "Sanic", "aiohttp")
WSGI = ("Flask",)
WEB = ASGI + WSGI
TASK_QUEUES = ("Celery", "Dramatiq", "RQ", "arq", "TaskIQ", "APScheduler")
BOTS = ("aiogram", "python-telegram-bot", "discord.py")
GRAPHQL = ("Strawberry", "Ariadne", "Graphene")
OPERATIONS = TASK_QUEUES + BOTS + GRAPHQL  # what runs an operation that is no request of its own
ASYNCIO = ("asyncio",)  # and anyio, and trio: an application that runs an event loop itself
THREADS = ("threads",)
PROCESSES = ("processes",)
SERVERS = ("gunicorn",)

FRAMEWORKS = WEB + OPERATIONS + ASYNCIO + THREADS + PROCESSES + SERVERS
