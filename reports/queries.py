"""The figures of the dashboard; each is defined here and nowhere else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Q
from django.db.models.functions import TruncDate

from accounts.models import Organization
from campaigns.models import Campaign, CampaignState, Recipient, RecipientState
from campaigns.rates import conversion_rate, success_rate
from core.clock import now
from leads.models import Contact

PERIODS = {"1": 1, "7": 7, "30": 30, "90": 90}
SENT = [RecipientState.SENT, RecipientState.DELIVERED, RecipientState.READ]


@dataclass(frozen=True)
class Overview:
    """The six widgets for a period of days, today included."""

    leads_extracted: int
    messages_sent: int
    success_rate: float
    active_campaigns: int
    closed_deals: int
    conversion_rate: float
    delivered: int
    read: int
    replied: int
    qualified: int
    by_day: Sequence[tuple[Any, int]]


def overview(organization: Organization, days: int) -> Overview:
    """Return the figures of the last ``days`` days in the organization's time zone."""
    zone = ZoneInfo(organization.timezone)
    first = now().astimezone(zone).date() - timedelta(days=days - 1)
    since = datetime.combine(first, time(), zone)
    sent = Recipient.objects.filter(sent_at__gte=since).aggregate(
        sent=Count("pk", filter=Q(state__in=SENT)),
        delivered=Count("pk", filter=Q(state__in=[RecipientState.DELIVERED, RecipientState.READ])),
        read=Count("pk", filter=Q(state=RecipientState.READ)),
        replied=Count("pk", filter=~Q(replied_at=None)),
    )
    wrong = Recipient.objects.filter(campaign__started_at__gte=since).aggregate(
        failed=Count("pk", filter=Q(state=RecipientState.FAILED)),
        invalid=Count("pk", filter=Q(state=RecipientState.INVALID)),
    )
    deals = sum(Campaign.objects.filter(created_at__gte=since).values_list("closed_deals", flat=True))
    return Overview(
        leads_extracted=Contact.objects.filter(created_at__gte=since).count(),
        messages_sent=sent["sent"],
        success_rate=success_rate(sent=sent["sent"], failed=wrong["failed"], invalid=wrong["invalid"]),
        active_campaigns=Campaign.objects.filter(state=CampaignState.RUNNING).count(),
        closed_deals=deals,
        conversion_rate=conversion_rate(closed_deals=deals, sent=sent["sent"]),
        delivered=sent["delivered"],
        read=sent["read"],
        replied=sent["replied"],
        qualified=Contact.objects.filter(score__isnull=False, updated_at__gte=since).count(),
        by_day=_by_day(first, days, zone, since),
    )


def _by_day(first: Any, days: int, zone: ZoneInfo, since: datetime) -> list[tuple[Any, int]]:
    counted = dict(
        Recipient.objects.filter(sent_at__gte=since, state__in=SENT)
        .values_list(TruncDate("sent_at", tzinfo=zone))
        .annotate(count=Count("pk"))
    )
    return [(first + timedelta(days=n), counted.get(first + timedelta(days=n), 0)) for n in range(days)]


def hot_leads(limit: int = 5) -> list[Contact]:
    """Return the hottest contacts, newest first."""
    return list(Contact.objects.filter(temperature="quente").order_by("-updated_at")[:limit])
