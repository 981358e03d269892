"""What of the dashboard takes long in a business with very many contacts: counted by a job there, and of a moment that is told."""

from dataclasses import dataclass
from functools import partial

from django.db.models import F

from accounts.models import Organization
from campaigns.models import SENT_STATES, Recipient
from core.jobs import job
from core.snapshots import Snapshot, keep, recall
from leads.models import Contact
from reports.periods import Period, period_of
from reports.queries.counts import Counts, lead_counts

MANY_CONTACTS = 20_000


@dataclass(frozen=True)
class SlowCounts:
    """The contacts that came in, and how many of those who answered a message of the period were qualified after it was sent."""

    leads: Counts
    qualified: int


def slow_counts(organization: Organization, period: Period) -> Snapshot[SlowCounts]:
    """Return the counts of a period."""
    ids = {"organization_id": str(organization.pk), "days": period.days}
    key = _key(organization, period)
    ring = partial(count_slow_again.enqueue, coalesce_key=f"slow-{organization.pk}-{period.days}", **ids)
    return recall(key, partial(_count, period), ring, is_large=_is_large())


@job("bulk")
def count_slow_again(*, organization_id: str, days: int) -> None:
    organization = Organization.objects.get(pk=organization_id)
    period = period_of(days, organization.timezone)
    keep(_key(organization, period), _count(period))


def _key(organization: Organization, period: Period) -> str:
    """A new day is a new period: what was counted yesterday is not shown as of today."""
    return f"dashboard:{organization.pk}:{organization.timezone}:{period.days}:{period.start.date()}"


def _count(period: Period) -> SlowCounts:
    return SlowCounts(lead_counts(period), _qualified(period))


def _qualified(period: Period) -> int:
    answered = Recipient.objects.filter(sent_at__gte=period.start, state__in=SENT_STATES).exclude(replied_at=None)
    return answered.filter(contact__qualification__qualified_at__gte=F("sent_at")).count()  # type: ignore[no-any-return]


def _is_large() -> bool:
    return bool(Contact.objects.order_by()[: MANY_CONTACTS + 1].count() > MANY_CONTACTS)
