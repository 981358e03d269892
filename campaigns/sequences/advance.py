"""The next step for those whose wait is over: one row each, which the sender then claims like any other.

That somebody has a step once is kept by the database, and a row leaves at most once by its claim; so a step reaches a person at most
once, whatever dies or runs twice. Texts are worded here, when the step begins for somebody: a change of a running sequence is for
those who have not come so far. What may end the sequence is asked here, and once more by the claim.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID
from zlib import crc32

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from campaigns.models import (
    SENT_STATES,
    Campaign,
    CampaignChannel,
    CampaignState,
    Recipient,
    RecipientState,
    SkipReason,
    Step,
    StopReason,
    Variant,
)
from campaigns.provenance.links import origin_url
from campaigns.sequences.people import first_sends, going_on, leads_further, stops_of
from campaigns.sequences.waits import due_since
from campaigns.services.audience import render_for
from campaigns.services.bell import ring_senders
from campaigns.services.rounds import for_each
from campaigns.services.transitions import tell_pages
from core.clock import now
from core.crashpoints import crashpoint
from core.ids import uuid7
from core.tenancy import across_organizations
from gateways.models import SENDING_ROLES

AT_ONCE = 500
# A day of the calendar may be an hour shorter.
_DUE = """
SELECT DISTINCT c.organization_id, c.id
FROM campaigns_campaign c JOIN campaigns_step s ON s.campaign_id = c.id
WHERE c.state = 'running' AND EXISTS (
  SELECT 1 FROM campaigns_recipient r
  WHERE r.campaign_id = c.id AND r.leads_on AND r.step = s.number - 1 AND r.state = ANY(%(sent)s)
    AND r.sent_at <= %(at)s - make_interval(hours => CASE s.unit WHEN 'hours' THEN s.wait ELSE s.wait * 24 - 2 END)
)
ORDER BY c.id
"""
LATE_NEWS = timedelta(days=30)


def advance_sequences() -> int:
    """Begin the next step for everybody whose wait is over; return for how many."""
    _reopen()
    return sum(for_each(_due(), _advance_all))


def _advance_all(campaign_id: UUID) -> int:
    numbers = Step.objects.filter(campaign=campaign_id).values_list("number", flat=True)
    return sum(_advance(campaign_id, number) for number in numbers)


def _due() -> list[tuple[UUID, UUID]]:
    """Return the campaigns in which somebody's wait is over, or will be within hours: of days the calendar decides."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"sent": list(SENT_STATES), "at": now()})
        rows: list[tuple[UUID, UUID]] = cursor.fetchall()
    return rows


@transaction.atomic
def _advance(campaign_id: UUID, number: int) -> int:
    # Under the lock of the campaign, so that a pause or an end that comes at the same moment finds every row or none.
    rows = Campaign.objects.select_for_update(of=["self"], no_key=True, skip_locked=True).select_related("organization")
    campaign: Campaign | None = rows.filter(pk=campaign_id, state=CampaignState.RUNNING).first()
    step: Step | None = Step.objects.filter(campaign=campaign_id, number=number).first()
    if campaign is None or step is None:
        return 0
    since = due_since(now(), step, campaign.organization.timezone)
    due = going_on(campaign).filter(step=number - 1, sent_at__lte=since).select_related("contact").order_by("sent_at")
    found = list(due.select_for_update(of=["self"], skip_locked=True)[:AT_ONCE])
    if found:
        crashpoint("sequence.due")
        _go_on(campaign, step, found)
        crashpoint("sequence.begun")
        ring_senders()
        tell_pages(campaign)
    return len(found)


def _go_on(campaign: Campaign, step: Step, rows: Sequence[Recipient]) -> None:
    stopped = stops_of(campaign, rows)
    began = first_sends(campaign, [row.contact_id for row in rows])
    last = Step.objects.filter(campaign=campaign).order_by("-number").values_list("number", flat=True)[0]
    texts = list(campaign.variants.filter(step=step.number, weight__gt=0).order_by("label"))
    open_numbers = set(_serving(campaign))
    following = []
    for row in rows:
        row.leads_on = False
        row.stopped = stopped.get(row.contact_id, "")
        if row.stopped:
            continue
        made = _following(campaign, step, row, texts, row.channel_id if row.channel_id in open_numbers else None)
        made.leads_on = step.number < last
        made.silent_since = began.get(row.contact_id) if StopReason.REPLIED in campaign.stops_on else None
        if not made.body:
            made.state, made.skip_reason = RecipientState.SKIPPED, SkipReason.EMPTY
        following.append(made)
    Recipient.objects.bulk_create(following, ignore_conflicts=True)
    Recipient.objects.bulk_update(rows, ["leads_on", "stopped"])


def _following(
    campaign: Campaign, step: Step, row: Recipient, texts: Sequence[Variant], channel_id: UUID | None
) -> Recipient:
    """Return the next message to the person of a row, by the same number and in the same place in line."""
    made = Recipient(
        id=uuid7(), organization_id=campaign.organization_id, campaign=campaign, contact_id=row.contact_id, step=step.number,
        channel_id=channel_id, pinned=channel_id is not None, position=row.position, phone=row.phone,
    )  # fmt: skip
    if texts:
        shares = [text for text in texts for _share in range(text.weight)]
        made.variant = shares[crc32(f"{row.contact_id}{campaign.pk}{step.number}".encode()) % len(shares)]
        made.body = render_for(made.variant.body, row.contact, campaign.pk, link=origin_url(made.pk))
    return made


def _serving(campaign: Campaign) -> list[UUID]:
    links = CampaignChannel.objects.filter(campaign=campaign, channel__removed_at=None).select_related("channel")
    return [link.channel_id for link in links if link.channel.role in SENDING_ROLES or link.took_over_at]


def _reopen() -> None:
    """Let a sequence that had ended go on, where somebody's message turned out to have left after all."""
    with across_organizations():
        rows = Campaign.objects.filter(state=CampaignState.COMPLETED, finished_at__gt=now() - LATE_NEWS)
        ended = list(rows.filter(Exists(Step.objects.filter(campaign=OuterRef("pk"))), leads_further()))
        for campaign in ended:
            again = Campaign.objects.filter(pk=campaign.pk, state=CampaignState.COMPLETED)
            if again.update(state=CampaignState.RUNNING, finished_at=None, archived_at=None):
                tell_pages(campaign)
