"""The shop's queries, a class for each thing that it knows."""

from app.repositories.books import BookRepository
from app.repositories.customers import CustomerRepository
from app.repositories.orders import OrderRepository

__all__ = ["BookRepository", "CustomerRepository", "OrderRepository"]
