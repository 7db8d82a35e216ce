import asyncio
from typing import Any

from fastapi import APIRouter, HTTPException

from app import schemas
from app.dependencies import Customers, DbSession, Orders

router = APIRouter(prefix="/customers", tags=["customers"])


@router.post("", status_code=201, response_model=schemas.Customer)
async def add_customer(new: schemas.NewCustomer, customers: Customers, session: DbSession) -> Any:
    customer = await customers.add(new.name)
    await session.commit()
    return customer  # LSA311


@router.get("/{customer_id}", response_model=schemas.Profile)
async def read_profile(customer_id: int, customers: Customers, orders: Orders) -> Any:
    customer, latest = await asyncio.gather(  # LSA402
        customers.get(customer_id), orders.latest(customer_id)
    )
    if customer is None:
        raise HTTPException(404)
    return {"customer": customer, "orders": latest}
