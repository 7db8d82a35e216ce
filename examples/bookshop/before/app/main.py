"""The app: `uvicorn app.main:app`."""

from fastapi import FastAPI

from app.database import engine
from app.lifespan import lifespan
from app.routers import books, customers, orders, reports

app = FastAPI(title="Bookshop", lifespan=lifespan)  # LSA203
app.include_router(books.router)
app.include_router(customers.router)
app.include_router(orders.router)
app.include_router(reports.router)


@app.on_event("shutdown")  # LSA202
async def close_database() -> None:
    await engine.dispose()
