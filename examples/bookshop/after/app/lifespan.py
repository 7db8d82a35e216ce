"""What the app holds from its start to its end."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from app import database, reports, settings
from app.warehouse import warehouse


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.engine.dispose)
        stack.callback(reports.engine.dispose)
        await warehouse.connect(settings.WAREHOUSE_URL)
        stack.push_async_callback(warehouse.close)
        yield
