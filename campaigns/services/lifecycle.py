"""The life of a campaign: started, paused, resumed, cancelled, finished, deleted. What is allowed when: transitions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.services.audit import record_audit
from campaigns.errors import CampaignStateError, EmptyAudienceError
from campaigns.events import CampaignFinished, CampaignStarted
from campaigns.models import (
    AnswerTally,
    Campaign,
    CampaignAgent,
    CampaignChannel,
    CampaignList,
    CampaignState,
    DemandDecision,
    Recipient,
    RecipientState,
    SkipReason,
    Step,
    Tally,
    Variant,
)
from campaigns.preflight.keeping import keep_promise
from campaigns.queries.figures import tally
from campaigns.schedules.series import forget, go_on
from campaigns.sequences.people import going_on
from campaigns.services import audience
from campaigns.services.bell import ring_senders
from campaigns.services.cancelling import leave_out_waiting
from campaigns.services.deals import adjust_deals
from campaigns.services.drafts import VariantDraft, check_start, create_campaign, update_draft
from campaigns.services.freezing import build
from campaigns.services.official import keep_fees
from campaigns.services.readiness import check_ready
from campaigns.services.recipients import confirm_all_unknown, confirm_unknown, decide_unknown, retry_failed
from campaigns.services.transitions import AT_WORK, Action, check, is_allowed, lock, move_of, tell_pages
from core.clock import now
from core.jobs import job
from sagas.outbox import publish

__all__ = [
    "VariantDraft",
    "adjust_deals",
    "cancel",
    "complete_if_done",
    "confirm_all_unknown",
    "confirm_unknown",
    "create_campaign",
    "decide_unknown",
    "delete",
    "pause",
    "pause_by_system",
    "resume",
    "retry_failed",
    "schedule",
    "start",
    "tell_pages",
    "unschedule",
    "update_draft",
]

# Up to this many places in lists, the audience is frozen while the person waits; above it, by a job.
BUILD_AT_ONCE = 5_000


@transaction.atomic
def start(campaign: Campaign, *, actor: Membership | None = None) -> Campaign:
    """Freeze the audience and send. Of two clicks the second is refused: there is one audience, once."""
    locked = lock(campaign)
    check(locked, Action.START)
    check_ready(locked)
    _move(locked, Action.START, started_at=now(), start_at=locked.start_at, pause_reason="", wait_reason={})
    _freeze(locked)
    record_audit("campaign.started", actor=actor, target=locked.name, data={"total": locked.total})
    publish(CampaignStarted(str(locked.organization_id), str(locked.pk)))
    return locked


@transaction.atomic
def schedule(campaign: Campaign, start_at: datetime, *, actor: Membership | None = None) -> Campaign:
    """Let the campaign start by itself at a time. Its audience is chosen then, not now."""
    locked = lock(campaign)
    check(locked, Action.SCHEDULE)
    check_start(start_at)
    check_ready(locked)
    _move(locked, Action.SCHEDULE, start_at=start_at)
    record_audit("campaign.scheduled", actor=actor, target=locked.name, data={"start_at": start_at.isoformat()})
    return locked


@transaction.atomic
def unschedule(campaign: Campaign, *, actor: Membership | None = None) -> Campaign:
    """Turn a scheduled campaign back into a draft."""
    locked = lock(campaign)
    check(locked, Action.UNSCHEDULE)
    _move(locked, Action.UNSCHEDULE, start_at=None)
    record_audit("campaign.unscheduled", actor=actor, target=locked.name)
    return locked


@transaction.atomic
def pause(campaign: Campaign, *, actor: Membership | None = None) -> Campaign:
    """Send nothing more than what is on its way, until a person resumes; what would go on by itself does not any more."""
    locked = lock(campaign)
    if not locked.waits_for_plan:
        check(locked, Action.PAUSE)
    _move(locked, Action.PAUSE, pause_reason="", resumes_at=None)
    record_audit("campaign.paused", actor=actor, target=locked.name)
    return locked


@transaction.atomic
def pause_by_system(campaign_id: UUID, reason: str) -> bool:
    """Pause a campaign that cannot go on, with the reason in words; return whether it was sending."""
    locked: Campaign | None = Campaign.objects.select_for_update().filter(pk=campaign_id).first()
    if locked is None or (locked.state != CampaignState.SCHEDULED and not is_allowed(locked, Action.PAUSE)):
        return False
    _move(locked, Action.PAUSE, pause_reason=reason[:300])
    record_audit("campaign.paused", actor=None, target=locked.name, data={"reason": reason[:300]})
    return True


@transaction.atomic
def resume(campaign: Campaign, *, actor: Membership | None = None) -> Campaign:
    """Go on where the campaign stopped; nobody who was written to is written to again."""
    locked = lock(campaign)
    check(locked, Action.RESUME)
    if locked.repeats:
        return go_on(locked, actor=actor)
    _move(locked, Action.RESUME, pause_reason="", resumes_at=None, started_at=locked.started_at or now())
    if locked.audience_built_at is None:
        check_ready(locked)
        _freeze(locked)
    record_audit("campaign.resumed", actor=actor, target=locked.name)
    return locked


@transaction.atomic
def cancel(campaign: Campaign, *, actor: Membership | None = None) -> Campaign:
    """Give up what has not left; what has stays in the report."""
    locked = lock(campaign)
    check(locked, Action.CANCEL)
    count = sum(part.people for part in tally(locked) if part.state == RecipientState.QUEUED)
    _move(locked, Action.CANCEL, finished_at=now(), resumes_at=None)
    leave_out_waiting(locked, count)
    record_audit("campaign.cancelled", actor=actor, target=locked.name, data={"left_out": count})
    publish(CampaignFinished(str(locked.organization_id), str(locked.pk), CampaignState.CANCELLED))
    return locked


@transaction.atomic
def delete(campaign: Campaign, *, actor: Membership | None = None) -> None:
    """Remove the campaign with everything that hangs on it. The messages that were sent stay in their conversations."""
    locked = lock(campaign)
    check(locked, Action.DELETE)
    rows = Recipient.objects.filter(campaign=locked)
    if rows.filter(state=RecipientState.SENDING).exists():
        raise CampaignStateError(_("Some messages are on their way. Try again in a minute."), code="in_flight")
    forget(locked)
    # Straight to the tables: collecting a million recipients as objects would take minutes.
    for model in (
        Recipient, Tally, AnswerTally, Variant, Step, CampaignChannel, CampaignList, CampaignAgent, DemandDecision,
    ):  # fmt: skip
        model.objects.filter(campaign=locked)._raw_delete(using=connection.alias)
    record_audit("campaign.deleted", actor=actor, target=locked.name, data={"total": locked.total})
    Campaign.objects.filter(pk=locked.pk)._raw_delete(using=connection.alias)
    tell_pages(locked)


@transaction.atomic
def complete_if_done(campaign_id: UUID) -> bool:
    """Finish a campaign of which nothing waits; what is to be confirmed stays listed in it."""
    locked: Campaign | None = (
        Campaign.objects.select_for_update(skip_locked=True)
        .filter(pk=campaign_id, state=CampaignState.RUNNING)
        .exclude(audience_built_at=None)
        .first()
    )
    open_states = [RecipientState.QUEUED, RecipientState.SENDING]
    if locked is None or Recipient.objects.filter(campaign=locked, state__in=open_states).exists():
        return False
    if going_on(locked).exists():
        return False
    _move(locked, Action.COMPLETE, finished_at=now(), wait_reason={})
    publish(CampaignFinished(str(locked.organization_id), str(locked.pk), CampaignState.COMPLETED))
    return True


@job("bulk", timeout_seconds=1800)
def build_audience(*, organization_id: str, campaign_id: str) -> None:
    """Freeze a large audience."""
    build_if_missing(UUID(campaign_id))


@transaction.atomic
def build_if_missing(campaign_id: UUID) -> None:
    """Freeze the audience of a campaign that has started without one, unless somebody is at it."""
    locked: Campaign | None = (
        Campaign.objects.select_for_update(skip_locked=True)
        .filter(pk=campaign_id, state__in=[CampaignState.RUNNING, CampaignState.PAUSED], audience_built_at=None)
        .exclude(started_at=None)
        .first()
    )
    if locked is not None:
        build(locked)
        keep_promise(locked)
        ring_senders()
        tell_pages(locked)


def _freeze(campaign: Campaign) -> None:
    preview = audience.preview_of(campaign)
    if not preview.receives:
        raise EmptyAudienceError(_nobody(preview.left_out), code="empty_audience")
    keep_fees(campaign)
    if preview.total <= BUILD_AT_ONCE:
        build(campaign)
        keep_promise(campaign)
        ring_senders()
    else:
        build_audience.enqueue(organization_id=str(campaign.organization_id), campaign_id=str(campaign.pk))


def _nobody(left_out: Mapping[SkipReason, int]) -> str:
    if not left_out:
        return _("The lists are empty.")
    return _("Nobody in these lists can receive this campaign: all %(count)d were left out.") % {
        "count": sum(left_out.values())
    }


def _move(campaign: Campaign, action: Action, **values: Any) -> None:
    target = move_of(campaign, action).target
    if target is None:
        raise ValueError(f"{action} leads nowhere")
    campaign.state = target
    if target in AT_WORK:
        values["archived_at"] = None
    for name, value in values.items():
        setattr(campaign, name, value)
    campaign.save(update_fields=["state", *values])
    ring_senders()
    tell_pages(campaign)
