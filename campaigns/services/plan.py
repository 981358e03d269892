"""What happens when the plan's messages are used up: the campaign pauses by itself, says why, and goes on by itself (CAM-14).

It goes on when the plan allows a message again (the next day, the next month, or after a change of plan) and its own hours and
those of its numbers are open, unless a person paused it meanwhile, archived it, or switched that off for the organization.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import AuditEntry
from billing.services import Grant, next_message
from campaigns.events import CampaignOutOfPlan
from campaigns.models import PLAN_PREFIX, Campaign, CampaignState, Recipient, RecipientState
from campaigns.queries.opening import opens_at
from campaigns.schedules.settings import get_settings
from campaigns.services import guard
from campaigns.services.lifecycle import pause_by_system, resume
from campaigns.services.transitions import tell_pages
from core.clock import now
from core.tenancy import across_organizations, activate_organization, current_organization_id
from sagas.outbox import publish

TOLD_AGAIN_AFTER = timedelta(days=7)


def pause_for_plan(campaign_ids: Iterable[UUID], reason: str) -> None:
    """Pause those campaigns of the active organization that still have somebody to write to.

    ``reason`` is a code of :class:`billing.services.Grant`; :func:`campaigns.queries.pause_words` says it in words. Nothing is
    paused if the limit has renewed since the caller asked.
    """
    grant = _next_message()
    if grant.granted:
        return
    waiting = Recipient.objects.filter(campaign__in=list(campaign_ids), state=RecipientState.QUEUED)
    for campaign_id in waiting.order_by().values_list("campaign_id", flat=True).distinct():
        _pause(campaign_id, grant.reason or reason, grant)


@transaction.atomic
def _pause(campaign_id: UUID, reason: str, grant: Grant) -> None:
    known = _was_told()
    if pause_by_system(campaign_id, f"{PLAN_PREFIX}{reason}"):
        campaign = Campaign.objects.get(pk=campaign_id)
        _foretell(campaign, grant)
        if not known:
            publish(CampaignOutOfPlan(str(campaign.organization_id), str(campaign_id)))


def resume_renewed() -> int:
    """Let campaigns go on whose plan allows messages again, and say of the others when they will; return how many went on.

    Two of these at once are harmless: each campaign is looked at by one of them.
    """
    with across_organizations():
        rows = list(_waiting().order_by("organization_id", "created_at").values_list("organization_id", "pk"))
    found = 0
    for organization_id, group in groupby(rows, key=itemgetter(0)):
        with activate_organization(organization_id):
            found += look_again([pk for _organization, pk in group])
    return found


def look_again(campaign_ids: Iterable[UUID] | None = None) -> int:
    """Look at campaigns of the active organization that wait for its plan, all of them where none are named."""
    chosen = _waiting().values_list("pk", flat=True) if campaign_ids is None else campaign_ids
    grant, may = _next_message(), get_settings().resumes_with_plan
    return sum(_look(pk, grant, may=may) for pk in chosen)


@transaction.atomic
def _look(campaign_id: UUID, grant: Grant, *, may: bool) -> bool:
    """Decide on the newest row, which nobody else is at: a person's pause that came first has the last word."""
    rows = Campaign.objects.select_for_update(skip_locked=True).filter(pk=campaign_id, archived_at=None)
    locked: Campaign | None = rows.first()
    if locked is None or not locked.waits_for_plan:
        return False
    _foretell(locked, grant, may=may)
    if not grant.granted or locked.resumes_at is None or locked.resumes_at > now():
        return False
    # What failed or who left since the pause may stop it at once, before anything leaves.
    return not guard.look_now(resume(locked))


def _foretell(campaign: Campaign, grant: Grant, *, may: bool | None = None) -> None:
    """Note on a campaign when it will go on by itself, and by which limit it waits now."""
    expected = _expected(campaign, grant) if (get_settings().resumes_with_plan if may is None else may) else None
    reason = f"{PLAN_PREFIX}{grant.reason}" if grant.reason else campaign.pause_reason
    if (expected, reason) == (campaign.resumes_at, campaign.pause_reason):
        return
    campaign.resumes_at, campaign.pause_reason = expected, reason
    campaign.save(update_fields=["resumes_at", "pause_reason"])
    tell_pages(campaign)


def _expected(campaign: Campaign, grant: Grant) -> datetime | None:
    """Return the first moment at which the plan and the hours allow a message; None where nothing but a new plan does."""
    renewed = now() if grant.granted else grant.resets_at
    return opens_at(campaign, renewed) if renewed else None


def _was_told() -> bool:
    """Tell whether campaigns paused for the plan lately: a long one does so every day, which is no news each time."""
    told = AuditEntry.objects.filter(action="campaign.paused", at__gt=now() - TOLD_AGAIN_AFTER)
    return bool(told.filter(data__reason__startswith=PLAN_PREFIX).exists())


def _waiting() -> "QuerySet[Campaign]":
    rows: QuerySet[Campaign] = Campaign.objects.filter(state=CampaignState.PAUSED, archived_at=None)
    return rows.filter(pause_reason__startswith=PLAN_PREFIX)


def _next_message() -> Grant:
    return next_message(current_organization_id(), at=now())
