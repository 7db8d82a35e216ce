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

MODELS = frozenset({"pydantic.BaseModel", "sqlmodel.SQLModel"})
CONSTRUCTORS = frozenset(
    {"from_orm", "model_construct", "model_validate", "model_validate_json", "parse_obj"}
)
"""The class methods of pydantic's models that make an instance."""

FUNCTIONS = frozenset({"pydantic.Field"}) | VALIDATORS
