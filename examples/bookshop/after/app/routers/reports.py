from fastapi import APIRouter

from app import reports
from app.dependencies import DbSession

router = APIRouter(prefix="/reports", tags=["reports"])


@router.get("/sales/{month}")
def read_sales(month: int) -> int:
    return reports.sales_of(month)


@router.get("/bestsellers")
async def read_bestsellers(session: DbSession) -> list[str]:
    connection = await session.connection()
    return await reports.bestsellers(connection)
