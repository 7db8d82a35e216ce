"""The router has a lifespan, which the include merges into that of the app: it runs once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from database import count_starts, write_down_the_start
from fastapi import APIRouter, FastAPI


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    write_down_the_start()
    yield


router = APIRouter(prefix="/visits", lifespan=lifespan)


@router.get("/starts")
def starts() -> int:
    return count_starts()


app = FastAPI(title="visits")
app.include_router(router)
