from typing import Any

from fastapi import APIRouter, HTTPException

from app import schemas
from app.dependencies import Customers, DbSession, Orders

router = APIRouter(prefix="/customers", tags=["customers"])


@router.post("", status_code=201, response_model=schemas.Customer)
async def add_customer(new: schemas.NewCustomer, customers: Customers, session: DbSession) -> Any:
    customer = await customers.add(new.name)
    await session.commit()
    return customer


@router.get("/{customer_id}", response_model=schemas.Profile)
async def read_profile(customer_id: int, customers: Customers, orders: Orders) -> Any:
    customer = await customers.get(customer_id)
    if customer is None:
        raise HTTPException(404)
    return {"customer": customer, "orders": await orders.latest(customer_id)}
