"""What a business knows of a number itself: who its carrier is and what it costs."""

from dataclasses import dataclass
from datetime import date

from gateways.models import Channel


@dataclass(frozen=True)
class Facts:
    carrier: str = ""
    tariff: str = ""
    monthly_cost_cents: int | None = None
    acquired_on: date | None = None


def keep_facts(channel: Channel, facts: Facts) -> None:
    """Write the facts down."""
    channel.carrier, channel.tariff = facts.carrier.strip()[:40], facts.tariff.strip()[:60]
    channel.monthly_cost_cents, channel.acquired_on = facts.monthly_cost_cents, facts.acquired_on
    channel.save(update_fields=["carrier", "tariff", "monthly_cost_cents", "acquired_on"])
