"""Who gets which wording while a campaign runs: more people get what is answered more, or all get the one that was chosen.

Nothing is decided per message. Every few minutes the shares are set anew from the answers so far, in one statement with the
campaign locked, and those next in line are reworded by batches. Which wording somebody gets is a function of the shares and of
an unchanging number of theirs, so that a crash half-way leaves nothing to repair: the next round goes on. A text that was
ever claimed stays as it is. Of a sequence all this is about the first step.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import accumulate
from json import dumps
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, Q, Sum

from accounts.models import Membership
from accounts.services.audit import record_audit
from campaigns.models import Campaign, CampaignState, Recipient, RecipientState, Split, Tally, Variant
from campaigns.provenance.links import origin_url
from campaigns.services.audience import render_for
from campaigns.services.rounds import for_each
from campaigns.services.transitions import Action, check, lock, tell_pages
from campaigns.statistics import Sample, chances
from core.clock import now
from core.jobs import job
from core.tenancy import across_organizations
from leads.models import Contact

WHOLE = 1_000
LEAST_SENT = 50
"""Of each wording, before the shares move."""
EXPLORED = 0.1
"""The part of the messages that stays divided evenly, so that a wording that had bad luck can come back."""
RIPE = timedelta(minutes=15)
"""A message younger than this says nothing yet: people need time to answer."""
AHEAD = 10_000
"""So many in line are reworded in a round; the next round is only minutes away."""
BATCH = 500

# Not by shares that hold no more: a wording may have been chosen since they were read.
_REWORD = """
UPDATE campaigns_recipient r SET body = new.body, variant_id = new.variant
FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) AS new(id, variant, body), campaigns_campaign c
WHERE c.id = %s AND c.shares = %s::jsonb AND r.campaign_id = c.id AND r.id = new.id
  AND r.state = 'queued' AND r.attempts = 0 AND r.next_attempt_at IS NULL
"""


@job("bulk", timeout_seconds=1800)
def shift_shares() -> None:
    """Set the shares of all running campaigns anew and reword those next in line."""
    with across_organizations():
        moving = Q(split=Split.AUTOMATIC) | ~Q(shares={})
        found = Campaign.objects.filter(moving, state=CampaignState.RUNNING).exclude(audience_built_at=None)
        campaigns = list(found.values_list("organization_id", "pk"))
    for_each(campaigns, shift)


@job("bulk", timeout_seconds=1800)
def reword_line(*, organization_id: str, campaign_id: str) -> None:
    """Reword everybody in line after a wording was chosen."""
    campaign = Campaign.objects.filter(pk=campaign_id).first()
    if campaign is not None:
        reword(campaign, campaign.total)


def shift(campaign_id: UUID, at: datetime | None = None) -> int:
    """Set the shares of one campaign from its answers so far; return how many in line were reworded."""
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().filter(pk=campaign_id, state=CampaignState.RUNNING).first()
        if campaign is None:
            return 0
        if campaign.split == Split.AUTOMATIC:
            variants = list(campaign.variants.filter(step=1).order_by("label"))
            shares = shares_of(_samples(campaign, variants, at or now()), f"{campaign.pk}")
            found = {str(variant.pk): share for variant, share in zip(variants, shares, strict=True)}
            if any(shares) and found != campaign.shares:
                campaign.shares = found
                campaign.save(update_fields=["shares"])
                tell_pages(campaign)
    return reword(campaign)


def shares_of(samples: Sequence[Sample], seed: str) -> list[int]:
    """Return each wording's part of a thousand; nothing while one of them was sent too seldom to say anything."""
    if len(samples) < 2 or min(one.sent for one in samples) < LEAST_SENT:
        return [0] * len(samples)
    counts = "/".join(f"{one.answered}:{one.sent}" for one in samples)
    wanted = [(1 - EXPLORED) * chance + EXPLORED / len(samples) for chance in chances(samples, f"{seed} {counts}")]
    ends = [round(WHOLE * end) for end in accumulate(wanted)]
    return [end - start for start, end in zip([0, *ends[:-1]], ends, strict=True)]


@transaction.atomic
def use_only(campaign: Campaign, variant: Variant, *, actor: Membership | None = None) -> Campaign:
    """Let everybody who is still in line get one wording."""
    locked = lock(campaign)
    check(locked, Action.CHOOSE)
    locked.split, locked.shares = Split.WEIGHTS, {str(variant.pk): WHOLE}
    locked.save(update_fields=["split", "shares"])
    record_audit("campaign.variant_chosen", actor=actor, target=locked.name, data={"variant": variant.label})
    reword_line.enqueue(organization_id=str(locked.organization_id), campaign_id=str(locked.pk))
    tell_pages(locked)
    return locked


def reword(campaign: Campaign, ahead: int = AHEAD) -> int:
    """Give those next in line the wording that the shares say; return how many got another one."""
    if not campaign.shares:
        return 0
    variants = {
        str(variant.pk): variant for variant in campaign.variants.filter(step=1) if campaign.shares.get(str(variant.pk))
    }
    names = sorted(variants)
    ends = list(accumulate(campaign.shares[name] for name in names))
    numbers = [None, *campaign.campaign_channels.values_list("channel_id", flat=True)]
    changed = 0
    for channel_id in numbers:
        changed += _reword_queue(campaign, channel_id, [variants[name] for name in names], ends, ahead)
    return changed


def shares_now(campaign: Campaign, variants: Sequence[Variant]) -> dict[UUID, float]:
    """Return which part of those in line gets each wording, in percent."""
    if campaign.shares:
        return {variant.pk: campaign.shares.get(str(variant.pk), 0) * 100 / WHOLE for variant in variants}
    whole = sum(variant.weight for variant in variants)
    return {variant.pk: variant.weight * 100 / whole for variant in variants}


def wanted_number(campaign_id: UUID, contact_id: UUID) -> int:
    """Return somebody's unchanging number in a campaign, 0 to 999: where the shares lie decides the wording."""
    digest = blake2b(f"{campaign_id}{contact_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) % WHOLE


def _reword_queue(
    campaign: Campaign, channel_id: UUID | None, variants: Sequence[Variant], ends: Sequence[int], ahead: int
) -> int:
    # The order and the condition are those of the index of the queue, so that those who have received are not read.
    line = Recipient.objects.filter(campaign=campaign, step=1, channel=channel_id, state=RecipientState.QUEUED)
    rows = line.filter(attempts=0, next_attempt_at=None).order_by("position")
    position, seen, changed = -1, 0, 0
    while seen < ahead:
        batch = list(
            rows.filter(position__gt=position).values_list("pk", "position", "contact_id", "variant_id")[:BATCH]
        )
        if not batch:
            return changed
        position, seen = batch[-1][1], seen + len(batch)
        chosen = [(pk, contact, variants[bisect_right(ends, wanted_number(campaign.pk, contact))], has)
                  for pk, _position, contact, has in batch]  # fmt: skip
        changed += _write(
            campaign, [(pk, contact, variant) for pk, contact, variant, has in chosen if variant.pk != has]
        )
    return changed


def _write(campaign: Campaign, rows: Sequence[tuple[UUID, UUID, Variant]]) -> int:
    people = Contact.objects.in_bulk([contact_id for _pk, contact_id, _variant in rows])
    texts = [
        (pk, variant.pk, render_for(variant.body, people[contact_id], campaign.pk, link=origin_url(pk)))
        for pk, contact_id, variant in rows
        if contact_id in people
    ]
    # Of whom too little is known for this wording keeps the other one: nobody gets an empty message.
    texts = [row for row in texts if row[2]]
    if not texts:
        return 0
    with connection.cursor() as cursor:
        columns = [list(column) for column in zip(*texts, strict=True)]
        cursor.execute(_REWORD, [*columns, campaign.pk, dumps(campaign.shares)])
        return int(cursor.rowcount)


def _samples(campaign: Campaign, variants: Sequence[Variant], at: datetime) -> list[Sample]:
    """Return what left long enough ago: the sums that the database keeps, without the newest messages."""
    left = Tally.objects.filter(campaign=campaign).exclude(hour=None).order_by().values_list("variant_ref")
    sums = {
        pk: (people, replied) for pk, people, replied in left.annotate(people=Sum("people"), answers=Sum("replied"))
    }
    fresh = Recipient.objects.filter(campaign=campaign, sent_at__gt=at - RIPE).order_by().values_list("variant_id")
    new = {
        pk: (people, replied) for pk, people, replied in fresh.annotate(people=Count("pk"), answers=Count("replied_at"))
    }
    nobody = (0, 0)
    return [
        Sample(*(whole - part for whole, part in zip(sums.get(one.pk, nobody), new.get(one.pk, nobody), strict=True)))
        for one in variants
    ]
