"""Where settings come from: environment variables, and the fields of settings classes. Read off pydantic 2.13."""

from __future__ import annotations

ENVIRONMENT = {"os.getenv": 1, "os.environ.get": 1}
"""Functions that read an environment variable: the index of their `default`."""

FIELDS: dict[str, int | None] = {
    "pydantic.Field": 0,
    "dataclasses.field": None,
    "attrs.field": None,
    "attr.ib": 0,
}
"""What a class assigns to declare a field: the index of its `default`."""

VALIDATORS = frozenset(
    {
        "pydantic.field_validator",
        "pydantic.model_validator",
        "pydantic.root_validator",
        "pydantic.validator",
    }
)
"""Decorators of methods that can exchange the value of a field."""

FUNCTIONS = frozenset({"pydantic.Field"}) | VALIDATORS
