"""The outer application's lifespan enters that of the application that it mounts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from admin import admin, admin_lifespan
from fastapi import FastAPI
from stage import serving


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    async with admin_lifespan(admin):
        yield


app = FastAPI(title="notes", lifespan=lifespan)
app.mount("/admin", admin)


@app.get("/health")
async def health() -> dict[str, bool]:
    return {"ok": True}


async def main() -> None:
    async with serving(app) as client:
        print(f"GET /admin/tables/count: {(await client.get('/admin/tables/count')).text}")


if __name__ == "__main__":
    asyncio.run(main())
