"""The page about sagas tells of the real ones what they are."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from bookings.booking_saga import create_booking
from bookings.charges.saga import collect_payment
from sagas.definition import SagaDefinition, SagaStep
from tests.sagas.test_crashes import POINTS

PAGE = (Path(settings.BASE_DIR) / "docs" / "sagas.md").read_text()


def told(name: str) -> list[tuple[str, bool, float, int]]:
    """Return name, whether it is undone, seconds and retries of each step in the saga's table."""
    part = PAGE.split(f"### `{name}`")[1].split("\n### ")[0].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\|([^|]*)\| (\d+) \| (\d+) \|$", part, re.MULTILINE)
    return [(step, undo.strip() != "–", float(seconds), int(retries)) for step, undo, seconds, retries in rows]


@pytest.mark.parametrize("definition", [create_booking, collect_payment], ids=lambda one: one.name)
def test_the_tables_are_the_definitions(definition: SagaDefinition) -> None:
    steps = [(s.name, s.compensation is not None, float(s.timeout), s.retry_count) for s in definition.steps]
    assert told(definition.name) == steps and steps


def test_defaults_and_crash_points_are_named() -> None:
    step = SagaStep("x", print)  # type: ignore[arg-type]
    assert f"| `timeout` | {step.timeout:.0f} s |" in PAGE and f"| `retry_count` | {step.retry_count} |" in PAGE
    assert all(f"`{point}`" in PAGE for point in POINTS)
