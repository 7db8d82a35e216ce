"""What users are written."""

from models import User


def welcome(user: User) -> str:
    return f"Dear {user.name}, you are number {user.id}."
