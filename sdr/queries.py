"""What the pages of the SDR count."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Avg, Count, Q, Sum

from accounts.models import Organization
from core.breaker import breaker_of
from sdr.models import ModelCall
from sdr.registry import LOCAL
from sdr.services.spending import MICROS_PER_CENT, month_calls


@dataclass(frozen=True)
class Spent:
    """One model of one provider this month."""

    provider: str
    model: str
    calls: int
    failed: int
    cached: int
    cents: int
    seconds: float


def spent_by_model(organization: Organization, at: datetime) -> list[Spent]:
    """Return the month of the active organization, the dearest first; what the local engine did costs nothing and comes last."""
    rows = (
        month_calls(organization, at)
        .values("provider", "model")
        .annotate(
            calls=Count("pk"), failed=Count("pk", filter=~Q(error="")), cached=Count("pk", filter=Q(is_cached=True)),
            micros=Sum("cost_micros"), waited=Avg("latency_ms", filter=Q(is_cached=False)),
        )
        .order_by("-micros", "-calls")
    )  # fmt: skip
    return [
        Spent(
            r["provider"],
            r["model"],
            r["calls"],
            r["failed"],
            r["cached"],
            r["micros"] // MICROS_PER_CENT,
            (r["waited"] or 0) / 1000,
        )
        for r in rows
    ]


def resting(organization: Organization) -> set[str]:
    """Return the providers that failed too often and are left alone for a moment."""
    codes = ModelCall.objects.exclude(provider=LOCAL).values_list("provider", flat=True).distinct()
    return {code for code in codes if breaker_of(code, organization.pk).state() == "open"}
