from fastapi import APIRouter, BackgroundTasks

from app import audit, notifications, schemas
from app.dependencies import Orders

router = APIRouter(prefix="/orders", tags=["orders"])


@router.post("", status_code=201)
async def place_order(
    new: schemas.NewOrder, orders: Orders, background: BackgroundTasks
) -> dict[str, int]:
    placed = await orders.place(**new.model_dump())
    background.add_task(notifications.confirm, placed)
    return {"id": placed}


@router.delete("/{order_id}", status_code=204)
async def cancel_order(order_id: int, orders: Orders) -> None:
    await orders.cancel(order_id)
    await audit.record(f"order {order_id} is cancelled")
