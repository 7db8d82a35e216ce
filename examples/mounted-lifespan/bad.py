"""The admin application is mounted: its lifespan never runs, and its engine is never made.

The first request under /admin fails with `AttributeError: 'State' object has no attribute 'engine'`.
"""

from admin import admin
from fastapi import FastAPI

app = FastAPI(title="notes")
app.mount("/admin", admin)  # LSA208


@app.get("/health")
async def health() -> dict[str, bool]:
    return {"ok": True}
