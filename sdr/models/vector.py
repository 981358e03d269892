from typing import Any

from django.db import models

DIMENSIONS = 768


class VectorField(models.Field):  # type: ignore[type-arg]  # a list of numbers both ways
    """Numbers of pgvector's type ``vector``."""

    def db_type(self, connection: Any) -> str:
        return f"vector({DIMENSIONS})"

    def get_prep_value(self, value: Any) -> Any:
        return vector_text(value) if isinstance(value, list) else value

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> list[float] | None:
        return [float(part) for part in value.strip("[]").split(",")] if value else None


def vector_text(numbers: list[float]) -> str:
    """Return the vector as PostgreSQL reads it."""
    return "[" + ",".join(f"{number:.7g}" for number in numbers) + "]"
