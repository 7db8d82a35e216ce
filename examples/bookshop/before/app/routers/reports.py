from fastapi import APIRouter

from app import reports
from app.database import build_engine

router = APIRouter(prefix="/reports", tags=["reports"])


@router.get("/sales/{month}")
async def read_sales(month: int) -> int:
    return reports.sales_of(month)  # LSA307


@router.get("/bestsellers")
async def read_bestsellers() -> list[str]:
    async with build_engine().connect() as connection:  # LSA101
        return await reports.bestsellers(connection)
