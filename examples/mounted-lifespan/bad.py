"""The admin application is mounted: its lifespan never runs, and its engine is never made.

The outer app starts without a word. The first request under /admin fails.
"""

import asyncio

from admin import admin
from fastapi import FastAPI
from stage import brief, serving

app = FastAPI(title="notes")
app.mount("/admin", admin)  # LSA208


@app.get("/health")
async def health() -> dict[str, bool]:
    return {"ok": True}


async def main() -> None:
    async with serving(app) as client:
        try:
            print(f"GET /admin/tables/count: {(await client.get('/admin/tables/count')).text}")
        except AttributeError as error:
            print(f"GET /admin/tables/count: {brief(error)}")


if __name__ == "__main__":
    asyncio.run(main())
