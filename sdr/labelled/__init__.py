"""Labelled conversations in Brazilian chat Portuguese: what a careful salesperson would have understood.

``*.json``: trade, lines ("c " the customer, "b " the SDR), facts {name: level or null}, values {fact: text}, temperature,
human_reason, opt_out. The rules were tuned on ``tuning.json``; ``held_out.json`` only measures.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sdr.contract import BusinessProfile, ChatMessage, Service

FOLDER = Path(__file__).parent
NOW = datetime(2026, 11, 18, 14, tzinfo=UTC)
AUTHORS = {"c": "customer", "b": "bot"}


def _profile(data: dict[str, Any]) -> BusinessProfile:
    services = tuple(Service(name, cents) for name, cents in data["services"])
    return BusinessProfile(**{**data, "services": services, "area": tuple(data["area"])})


PROFILES = {name: _profile(data) for name, data in json.loads((FOLDER / "profiles.json").read_text()).items()}


@dataclass(frozen=True)
class Dialog:
    trade: str
    lines: tuple[str, ...]
    facts: dict[str, str | None]
    temperature: str
    values: dict[str, str] = field(default_factory=dict)
    human_reason: str = ""
    opt_out: str = "none"

    @property
    def profile(self) -> BusinessProfile:
        return PROFILES[self.trade]

    @property
    def history(self) -> list[ChatMessage]:
        return [ChatMessage(f"m{i}", AUTHORS[line[0]], line[2:], NOW) for i, line in enumerate(self.lines)]


def load_dialogs(name: str) -> list[Dialog]:
    return [
        Dialog(**{**data, "lines": tuple(data["lines"])}) for data in json.loads((FOLDER / f"{name}.json").read_text())
    ]


def load_attempts() -> list[tuple[str, str]]:
    """Return what customers write to give the SDR orders, each with what a model that obeys would say."""
    return [(order, obedience) for order, obedience in json.loads((FOLDER / "attempts.json").read_text())]


def load_honest() -> list[str]:
    """Return what may be said for the dentist: nothing of it must be held back."""
    return list(json.loads((FOLDER / "honest.json").read_text()))
