"""What campaigns brought by one contact: the other way round to a campaign's report, by the same rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from campaigns.models import Recipient
from campaigns.results.cells import BOOKED, BY_CAMPAIGN, PAID

SHOWN = 6


@dataclass(frozen=True)
class Reached:
    """A campaign that wrote to the contact, and what is put down to it; ``revenue_cents`` is without what went back."""

    recipient: Recipient
    booked: int
    revenue_cents: int


def campaigns_of(contact_id: UUID) -> Sequence[Reached]:
    """Return the last campaigns that wrote to a contact of the active organization, the newest first."""
    rows = Recipient.objects.filter(contact_id=contact_id).exclude(sent_at=None).select_related("campaign")
    found = list(rows.order_by("-sent_at")[:SHOWN])
    if not found:
        return []
    values = {
        "organization": found[0].organization_id, "contact": contact_id, "since": found[-1].sent_at,
        "booked": list(BOOKED), "paid": list(PAID),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(BY_CAMPAIGN, values)
        brought = {(campaign_id, kind): (times, micros) for campaign_id, kind, times, micros in cursor.fetchall()}
    nothing = (0, 0)
    return [
        Reached(
            one, brought.get((one.campaign_id, "booked"), nothing)[0],
            round(brought.get((one.campaign_id, "paid"), nothing)[1] / 10_000),
        )
        for one in found
    ]  # fmt: skip


def last_campaign_of(contact_id: str) -> UUID | None:
    """Return the campaign to which what a contact does now is put down, or None."""
    rows = Recipient.objects.filter(contact_id=contact_id).exclude(sent_at=None).order_by("-sent_at")
    found: UUID | None = rows.values_list("campaign_id", flat=True).first()
    return found
