"""The router has a lifespan, which the include merges into that of the app: it runs once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from database import count_starts, write_down_the_start
from fastapi import APIRouter, FastAPI
from stage import serving


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


async def main() -> None:
    async with serving(app) as client:
        starts = (await client.get("/visits/starts")).text
    print(f"the app was started once, start-ups written down: {starts}")


if __name__ == "__main__":
    asyncio.run(main())
