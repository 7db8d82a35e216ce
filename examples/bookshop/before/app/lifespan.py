"""What the app holds from its start to its end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app import settings
from app.warehouse import warehouse


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    await warehouse.connect(settings.WAREHOUSE_URL)
    yield
    await warehouse.close()  # LSA204
