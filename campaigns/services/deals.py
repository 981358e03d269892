"""Closed deals: counted by hand on a campaign, or put down to the message that a contact got."""

from collections.abc import Mapping
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count

from accounts.models import Membership
from accounts.services.audit import record_audit
from campaigns.models import Campaign, Recipient
from campaigns.services.transitions import lock, tell_pages
from core.clock import now

# Those that are put down to people are taken back there, so that the count is never below them.
_CHANGE = """
UPDATE campaigns_campaign c SET closed_deals = GREATEST(
  c.closed_deals + %(change)s,
  (SELECT count(*) FROM campaigns_recipient r WHERE r.campaign_id = c.id AND r.won_at IS NOT NULL))
WHERE c.id = %(campaign)s AND c.organization_id = %(organization)s RETURNING closed_deals
"""


@transaction.atomic
def adjust_deals(campaign: Campaign, change: int, *, actor: Membership | None = None) -> int:
    """Add to the closed deals, or take away, never below those of people; return how many there are."""
    with connection.cursor() as cursor:
        cursor.execute(_CHANGE, {"change": change, "campaign": campaign.pk, "organization": campaign.organization_id})
        row: tuple[int] | None = cursor.fetchone()
    if row is None:
        raise Campaign.DoesNotExist
    record_audit("campaign.deals", actor=actor, target=campaign.name, data={"change": change, "deals": row[0]})
    tell_pages(campaign)
    return row[0]


@transaction.atomic
def set_won(recipient: Recipient, won: bool, *, actor: Membership | None = None) -> None:
    """Say that a contact closed a deal because of a message, or that it was not so; twice is as once."""
    campaign = lock(recipient.campaign)
    mine = Recipient.objects.filter(campaign=campaign, contact_id=recipient.contact_id)
    if won == mine.exclude(won_at=None).exists():
        return
    if won:
        mine.filter(pk=recipient.pk).update(won_at=now())
    else:
        mine.update(won_at=None)
    adjust_deals(campaign, 1 if won else -1, actor=actor)


def won_by(campaign: Campaign) -> Mapping[UUID | None, int]:
    """Return how many deals are put down to messages of each wording."""
    rows = Recipient.objects.filter(campaign=campaign).exclude(won_at=None).order_by().values_list("variant_id")
    return dict(rows.annotate(count=Count("pk")))
