"""The router's startup handler runs twice: the include copies it to the app, and the router's lifespan runs it too.

Each start of the application adds two rows to the table.
"""

import asyncio

from database import count_starts, write_down_the_start
from fastapi import APIRouter, FastAPI
from stage import serving

router = APIRouter(prefix="/visits")


@router.on_event("startup")  # LSA201
def start() -> None:
    write_down_the_start()


@router.get("/starts")
def starts() -> int:
    return count_starts()


app = FastAPI(title="visits")
app.include_router(router)  # LSA207


async def main() -> None:
    async with serving(app) as client:
        starts = (await client.get("/visits/starts")).text
    print(f"the app was started once, start-ups written down: {starts}")


if __name__ == "__main__":
    asyncio.run(main())
