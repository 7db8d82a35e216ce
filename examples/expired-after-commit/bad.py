"""The commit expires what the session holds, and to read it again takes SQL that nothing awaits.

The user is stored, and the answer is an error.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from database import SessionLocal, lifespan
from fastapi import Depends, FastAPI
from models import User
from sqlalchemy.exc import MissingGreenlet
from sqlalchemy.ext.asyncio import AsyncSession
from stage import brief, serving

app = FastAPI(lifespan=lifespan)


async def get_db() -> AsyncIterator[AsyncSession]:
    async with SessionLocal() as session:
        yield session


@app.post("/users/{name}")
async def create_user(name: str, db: Annotated[AsyncSession, Depends(get_db)]) -> dict[str, int]:
    user = User(name=name)
    db.add(user)
    await db.commit()
    return {"id": user.id}  # LSA311


async def main() -> None:
    async with serving(app) as client:
        try:
            answer = await client.post("/users/ada")
            print(f"POST /users/ada: {answer.text}")
        except MissingGreenlet as error:
            print(f"POST /users/ada: {brief(error)}")


if __name__ == "__main__":
    asyncio.run(main())
