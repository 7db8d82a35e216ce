from typing import Any

from fastapi import APIRouter, HTTPException

from app import models, schemas, worker
from app.dependencies import Books
from app.warehouse import warehouse

router = APIRouter(prefix="/books", tags=["books"])


@router.get("", response_model=list[schemas.Book])
async def read_offers(books: Books, number: int = 10) -> Any:
    return await books.cheapest(number)


@router.get("/{isbn}", response_model=schemas.BookInStock)
async def read_book(isbn: str, books: Books) -> Any:
    book = await books.get(isbn)
    if book is None:
        raise HTTPException(404)
    offered = schemas.Book.model_validate(book)
    return offered.model_dump() | {"copies": await warehouse.copies_of(isbn)}


@router.post("/import")
async def import_books(new: list[schemas.Book], books: Books) -> dict[str, int]:
    added = await books.add_new(models.Book(**book.model_dump()) for book in new)
    return {"added": added}


@router.put("/{isbn}/price", status_code=202)
async def change_price(isbn: str, price: int) -> dict[str, str]:
    return {"task": worker.reprice.delay(isbn, price).id}
