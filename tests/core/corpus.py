"""Inputs kept as data, so that their number can be counted."""

import json
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"


def load(name: str) -> list[Any]:
    """Return the entries of a JSON corpus; an empty one would prove nothing."""
    entries: list[Any] = json.loads((DATA / name).read_text())
    assert entries
    return entries
