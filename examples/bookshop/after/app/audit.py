"""The trail of what happened in the shop, kept whatever becomes of the request."""

from app.database import SessionLocal
from app.models import AuditEntry


async def record(event: str) -> None:
    async with SessionLocal.begin() as session:
        session.add(AuditEntry(event=event))
