"""The trail of what happened in the shop, kept whatever becomes of the request."""

from app.database import SessionLocal
from app.models import AuditEntry

session = SessionLocal()  # LSA301


async def record(event: str) -> None:
    session.add(AuditEntry(event=event))
    await session.commit()
