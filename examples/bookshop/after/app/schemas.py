"""What clients send, and what they get."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class Book(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    isbn: str
    title: str
    price: int


class BookInStock(Book):
    copies: int


class NewCustomer(BaseModel):
    name: str


class Customer(NewCustomer):
    model_config = ConfigDict(from_attributes=True)

    id: int
    joined: datetime


class NewOrder(BaseModel):
    customer_id: int
    isbn: str
    copies: int = 1


class Order(NewOrder):
    model_config = ConfigDict(from_attributes=True)

    id: int


class Profile(BaseModel):
    customer: Customer
    orders: list[Order]
