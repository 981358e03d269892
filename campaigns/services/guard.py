"""Campaigns that pause by themselves when too many messages fail or too many people leave, and say by what they were judged.

A look compares the counts of now with those of a mark made a window ago. The marks go with the pause: a campaign that is resumed
begins with the counts of that moment, so that what failed before cannot stop it again.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, Max, Q, Sum
from django.db.models.functions import Coalesce

from accounts.models import Membership
from accounts.services.audit import record_audit
from campaigns.events import CampaignGuarded
from campaigns.models import Campaign, CampaignGuard, CampaignState, Recipient, RecipientState, Tally
from campaigns.queries.guarding import FAILURES, LEAVING
from campaigns.services.lifecycle import pause_by_system
from campaigns.services.rounds import for_each
from core.clock import now
from core.tenancy import current_organization_id
from gateways.models import Channel, ChannelState
from sagas.outbox import publish

FAILED = (RecipientState.FAILED, RecipientState.INVALID)
LEFT_CODES = ("131050", "blocked")
"""What a provider says of people who do not want to be written to any more: they left, the message did not fail."""
LEFT_WITHIN = timedelta(days=3)
MARKS = 12
REASONS = 3
LEAST = 2
"""What happened once shows no trend, however few messages it is a share of."""


class Counts(NamedTuple):
    """Messages of a campaign that came to an end by a moment: all, those that failed, and the people who left."""

    at: datetime
    ended: int
    failed: int
    left: int

    def as_json(self) -> list[Any]:
        return [self.at.isoformat(), *self[1:]]


def guard_of(organization_id: UUID) -> CampaignGuard:
    """Return an organization's settings; the usual ones where nobody has changed them."""
    found: CampaignGuard | None = CampaignGuard.unscoped.filter(organization_id=organization_id).first()
    return found or CampaignGuard(organization_id=organization_id)


@transaction.atomic
def save_guard(values: dict[str, Any], *, actor: Membership | None = None) -> CampaignGuard:
    """Change when campaigns of the active organization pause by themselves."""
    kept, _created = CampaignGuard.objects.update_or_create(organization_id=current_organization_id(), defaults=values)
    record_audit("campaign.guard", actor=actor, data=values)
    return kept  # type: ignore[no-any-return]


def watch_failures() -> int:
    """Look at every running campaign; return how many were paused. All organizations must be visible."""
    rows = Campaign.objects.filter(state=CampaignState.RUNNING).exclude(audience_built_at=None)
    running = {campaign.pk: campaign for campaign in rows}
    guards = {one.organization_id: one for one in CampaignGuard.objects.all()} if running else {}
    counts = _counts(list(running.values()))

    def look(pk: UUID) -> bool:
        campaign = running[pk]
        guard = guards.get(campaign.organization_id) or CampaignGuard(organization_id=campaign.organization_id)
        return guard.is_on and _look(campaign, guard, counts[pk])

    # The sweep of everybody's lapsed claims is in the same transaction: one campaign must not undo it. What writes here is atomic
    # by itself, so a campaign of which nothing is to be written asks the database nothing.
    return sum(for_each([(campaign.organization_id, pk) for pk, campaign in running.items()], look))


def look_now(campaign: Campaign) -> bool:
    """Look at one running campaign of the active organization; return whether it was paused."""
    own = guard_of(campaign.organization_id)
    return own.is_on and _look(campaign, own, _counts([campaign])[campaign.pk])


def count_who_left(contact_id: UUID | str) -> None:
    """Put somebody who asked not to receive down to the last campaign message of the days before."""
    rows = Recipient.objects.filter(contact_id=contact_id, sent_at__gt=now() - LEFT_WITHIN).order_by("-sent_at")
    if campaign_id := rows.values_list("campaign_id", flat=True).first():
        Campaign.objects.filter(pk=campaign_id).update(left_count=F("left_count") + 1)


def _counts(campaigns: Iterable[Campaign]) -> dict[UUID, Counts]:
    """Return what has come to an end in each campaign: one query over the counts of those that failed, the rest stands on its row.

    What a number that is restricted now failed at says nothing of the campaign: a standby takes over from it.
    """
    found = {one.pk: one for one in campaigns}
    restricted = Channel.objects.filter(state=ChannelState.RESTRICTED).values("pk")
    rows = Tally.objects.filter(campaign_id__in=list(found), state__in=FAILED).exclude(channel_ref__in=restricted)
    sums = {
        row["campaign_id"]: row
        for row in rows.order_by().values("campaign_id").annotate(
            failed=Coalesce(Sum("people"), 0), never=Coalesce(Sum("people", filter=Q(hour=None)), 0),
            gone=Coalesce(Sum("people", filter=Q(reason__in=LEFT_CODES)), 0),
        )
    } if found else {}  # fmt: skip
    nothing = {"failed": 0, "never": 0, "gone": 0}
    at = now()
    return {
        pk: Counts(at, one.sent_count + row["never"], row["failed"] - row["gone"], one.left_count + row["gone"])
        for pk, one in found.items()
        for row in [sums.get(pk, nothing)]
    }


def _look(campaign: Campaign, guard: CampaignGuard, counts: Counts) -> bool:
    window = timedelta(minutes=guard.window_minutes)
    marks = [Counts(datetime.fromisoformat(row[0]), *row[1:]) for row in campaign.watched.get("marks", ())]
    if not marks:
        # One that was paused for something begins anew; one that has just started is judged by everything.
        begins = counts if campaign.watched else Counts(campaign.started_at or counts.at, 0, 0, 0)
        marks = [begins]
        _keep(campaign, marks)
    before = next((mark for mark in reversed(marks) if mark.at <= counts.at - window), marks[0])
    if kind := _verdict(guard, before, counts):
        return _pause(campaign, guard, kind, before, counts)
    if counts.at - marks[-1].at >= window / MARKS:
        _keep(campaign, [mark for mark in marks if mark.at >= before.at] + [counts])
    return False


def _verdict(guard: CampaignGuard, before: Counts, counts: Counts) -> str:
    ended = counts.ended - before.ended
    if ended < guard.minimum:
        return ""
    if _is_many(counts.failed - before.failed, guard.failure_percent * ended):
        return FAILURES
    return LEAVING if _is_many(counts.left - before.left, guard.leaving_percent * ended) else ""


def _is_many(count: int, per_cent: int) -> bool:
    return count >= LEAST and count * 100 >= per_cent


@transaction.atomic
def _keep(campaign: Campaign, marks: list[Counts]) -> None:
    watched = {"marks": [mark.as_json() for mark in marks]}
    Campaign.objects.filter(pk=campaign.pk, state=CampaignState.RUNNING).update(watched=watched)
    campaign.watched = watched


@transaction.atomic
def _pause(campaign: Campaign, guard: CampaignGuard, kind: str, before: Counts, counts: Counts) -> bool:
    bad = counts.failed - before.failed if kind == FAILURES else counts.left - before.left
    ended = counts.ended - before.ended
    evidence = {
        "kind": kind, "bad": bad, "of": ended, "percent": round(bad * 100 / ended),
        "limit": guard.failure_percent if kind == FAILURES else guard.leaving_percent,
        "minutes": guard.window_minutes, "at": counts.at.isoformat(),
        "reasons": _reasons(campaign) if kind == FAILURES else [],
    }  # fmt: skip
    if not pause_by_system(campaign.pk, kind):
        return False
    Campaign.objects.filter(pk=campaign.pk).update(watched={"evidence": evidence})
    publish(CampaignGuarded(str(campaign.organization_id), str(campaign.pk), kind))
    return True


def _reasons(campaign: Campaign) -> list[list[Any]]:
    """Return why messages failed, the most frequent first: (how many, code, the provider's words)."""
    rows = Recipient.objects.filter(campaign=campaign, state__in=FAILED).order_by().values("error_code")
    counted = rows.annotate(count=Count("pk"), text=Max("error")).order_by("-count", "error_code")[:REASONS]
    return [[row["count"], row["error_code"], row["text"]] for row in counted]
