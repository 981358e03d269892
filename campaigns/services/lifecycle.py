"""A campaign's life: drafted, started, paused, resumed, cancelled, deleted, and what people decide about its rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.services.audit import record_audit
from campaigns.errors import CampaignIncompleteError, CampaignStateError
from campaigns.models import (
    Campaign,
    CampaignChannel,
    CampaignList,
    CampaignState,
    Recipient,
    RecipientState,
    SkipReason,
    Variant,
)
from campaigns.services import audience
from core.clock import now
from core.jobs import job
from core.live import signal
from core.tenancy import across_organizations, activate_organization
from gateways.models import Channel
from leads.models import ContactList

MAX_VARIANTS = 20
LABELS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

MOVES: dict[str, set[str]] = {
    CampaignState.DRAFT: {CampaignState.SCHEDULED, CampaignState.RUNNING, CampaignState.CANCELLED},
    CampaignState.SCHEDULED: {CampaignState.RUNNING, CampaignState.CANCELLED, CampaignState.DRAFT},
    CampaignState.RUNNING: {CampaignState.PAUSED, CampaignState.CANCELLED, CampaignState.COMPLETED},
    CampaignState.PAUSED: {CampaignState.RUNNING, CampaignState.CANCELLED},
    CampaignState.COMPLETED: {CampaignState.RUNNING},
    CampaignState.CANCELLED: set(),
}


@dataclass(frozen=True)
class VariantDraft:
    body: str
    weight: int = 1


@transaction.atomic
def create_campaign(
    *, name: str, list_ids: Sequence[UUID], variants: Sequence[VariantDraft], channel_ids: Sequence[UUID],
    start_at: datetime | None = None, sending_hours: dict[str, Any] | None = None, actor: Membership | None = None,
) -> Campaign:  # fmt: skip
    """Create a draft, or a scheduled campaign when ``start_at`` is given. Ids must be of the active organization."""
    campaign = Campaign.objects.create(
        name=name.strip()[:120], sending_hours=sending_hours or {}, created_by=actor
    )
    replace_content(campaign, list_ids=list_ids, variants=variants, channel_ids=channel_ids)
    record_audit("campaign.created", actor=actor, target=campaign.name)
    if start_at is not None:
        schedule(campaign, start_at, actor=actor)
    return campaign  # type: ignore[no-any-return]


@transaction.atomic
def replace_content(
    campaign: Campaign, *, list_ids: Sequence[UUID], variants: Sequence[VariantDraft], channel_ids: Sequence[UUID]
) -> None:
    """Set a draft's audience, texts and numbers; foreign ids are refused like absent ones."""
    _require(campaign, CampaignState.DRAFT, CampaignState.SCHEDULED)
    lists = list(ContactList.objects.filter(pk__in=list_ids))
    channels = list(Channel.objects.filter(pk__in=channel_ids, removed_at=None))
    if len(lists) != len(set(list_ids)) or len(channels) != len(set(channel_ids)):
        raise CampaignIncompleteError(_("A list or number does not exist."), code="unknown_id")
    filled = [variant for variant in variants if variant.body.strip()]
    if len(filled) > MAX_VARIANTS:
        raise CampaignIncompleteError(_("A campaign has at most 20 variations."), code="variants")
    campaign.campaign_lists.all().delete()
    campaign.campaign_channels.all().delete()
    campaign.variants.all().delete()
    org = campaign.organization_id
    CampaignList.objects.bulk_create(CampaignList(organization_id=org, campaign=campaign, contact_list=x) for x in lists)
    CampaignChannel.objects.bulk_create(CampaignChannel(organization_id=org, campaign=campaign, channel=x) for x in channels)
    Variant.objects.bulk_create(
        Variant(organization_id=org, campaign=campaign, label=LABELS[i], body=v.body.strip()[:4096], weight=max(1, v.weight))
        for i, v in enumerate(filled)
    )


@transaction.atomic
def start(campaign: Campaign, *, actor: Membership | None = None) -> Campaign:
    """Freeze the audience and begin; a second start finds the campaign running and changes nothing."""
    locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if locked.state == CampaignState.RUNNING:
        return locked  # type: ignore[no-any-return]
    _require(locked, CampaignState.DRAFT, CampaignState.SCHEDULED)
    _complete_or_raise(locked)
    if locked.audience_built_at is None:
        audience.build(locked)
        locked.audience_built_at = now()
        locked.total = locked.recipients.exclude(state=RecipientState.SKIPPED).count()
    if locked.total == 0:
        raise CampaignIncompleteError(_("Nobody in these lists can receive this campaign."), code="empty_audience")
    locked.state, locked.started_at, locked.pause_reason = CampaignState.RUNNING, now(), ""
    locked.save()
    record_audit("campaign.started", actor=actor, target=locked.name)
    tell_pages(locked)
    return locked  # type: ignore[no-any-return]


@transaction.atomic
def schedule(campaign: Campaign, start_at: datetime, *, actor: Membership | None = None) -> None:
    """Let the campaign start by itself at a time to come."""
    locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
    _require(locked, CampaignState.DRAFT, CampaignState.SCHEDULED)
    _complete_or_raise(locked)
    if start_at <= now():
        raise CampaignIncompleteError(_("Choose a time in the future."), code="start_at")
    locked.state, locked.start_at = CampaignState.SCHEDULED, start_at
    locked.save(update_fields=["state", "start_at"])
    record_audit("campaign.scheduled", actor=actor, target=locked.name, data={"start_at": start_at.isoformat()})
    tell_pages(locked)


def pause(campaign: Campaign, *, reason: str = "", actor: Membership | None = None) -> None:
    """Stop sending; what is on its way is finished, the rest waits."""
    _move(campaign, CampaignState.PAUSED, actor, "campaign.paused", pause_reason=reason[:300])


def resume(campaign: Campaign, *, actor: Membership | None = None) -> None:
    """Go on where the campaign stopped."""
    _move(campaign, CampaignState.RUNNING, actor, "campaign.resumed", pause_reason="", finished_at=None)


@transaction.atomic
def cancel(campaign: Campaign, *, actor: Membership | None = None) -> None:
    """End the campaign for good; who has not received it is left out."""
    _move(campaign, CampaignState.CANCELLED, actor, "campaign.cancelled", finished_at=now())
    Recipient.objects.filter(campaign_id=campaign.pk, state=RecipientState.QUEUED).update(
        state=RecipientState.SKIPPED, skip_reason=SkipReason.CANCELLED
    )


@transaction.atomic
def delete(campaign: Campaign, *, actor: Membership | None = None) -> None:
    """Delete a campaign with all its rows; one that is sending must be paused or cancelled first."""
    locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if locked.state == CampaignState.RUNNING:
        raise CampaignStateError(_("Pause or cancel the campaign before deleting it."))
    record_audit("campaign.deleted", actor=actor, target=locked.name)
    locked.delete()


@transaction.atomic
def retry_failed(campaign: Campaign, *, actor: Membership | None = None) -> int:
    """Queue again what failed and may be tried again; unconfirmed sends are never among it."""
    locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
    _require(locked, CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.COMPLETED)
    count: int = locked.recipients.filter(state=RecipientState.FAILED).update(
        state=RecipientState.QUEUED, attempts=0, next_attempt_at=None, error="", error_code=""
    )
    if count and locked.state == CampaignState.COMPLETED:
        locked.state, locked.finished_at = CampaignState.RUNNING, None
        locked.save(update_fields=["state", "finished_at"])
    record_audit("campaign.retried", actor=actor, target=locked.name, data={"count": count})
    tell_pages(locked)
    return count


@transaction.atomic
def decide_unknown(recipient: Recipient, *, resend: bool, actor: Membership | None) -> None:
    """A person settles an unconfirmed send: it arrived, or it is to be sent again."""
    locked = Recipient.objects.select_for_update().get(pk=recipient.pk)
    if locked.state != RecipientState.UNKNOWN:
        raise CampaignStateError(_("This message was settled meanwhile."))
    if resend:
        locked.state, locked.attempts, locked.next_attempt_at = RecipientState.QUEUED, 0, None
        Campaign.objects.filter(pk=locked.campaign_id, state=CampaignState.COMPLETED).update(
            state=CampaignState.RUNNING, finished_at=None
        )
    else:
        locked.state, locked.sent_at = RecipientState.SENT, locked.sent_at or now()
        Campaign.objects.filter(pk=locked.campaign_id).update(sent_count=F("sent_count") + 1)
    locked.save()
    record_audit("recipient.decided", actor=actor, target=str(locked.pk), data={"resend": resend})
    tell_pages(locked.campaign)


def adjust_deals(campaign: Campaign, change: int) -> int:
    """Add or take a closed deal; the count never goes below zero. Returns the new count."""
    rows = Campaign.objects.filter(pk=campaign.pk, closed_deals__gte=-change if change < 0 else 0)
    rows.update(closed_deals=F("closed_deals") + change)
    tell_pages(campaign)
    return int(Campaign.objects.values_list("closed_deals", flat=True).get(pk=campaign.pk))


@job("default")
def start_due_campaigns() -> None:
    """Start what is scheduled for now; a campaign that cannot start goes back to a draft with the reason."""
    with across_organizations():
        due = list(Campaign.objects.filter(state=CampaignState.SCHEDULED, start_at__lte=now()))
    for campaign in due:
        with activate_organization(campaign.organization_id):
            try:
                start(campaign)
            except CampaignIncompleteError as error:
                Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.DRAFT, pause_reason=error.message)


def tell_pages(campaign: Campaign) -> None:
    signal(campaign.organization_id, f"campaign:{campaign.pk}")
    signal(campaign.organization_id, "campaigns")
    signal(campaign.organization_id, "dashboard")


def _complete_or_raise(campaign: Campaign) -> None:
    if not campaign.name:
        raise CampaignIncompleteError(_("Give the campaign a name."), code="name")
    if not campaign.campaign_lists.exists():
        raise CampaignIncompleteError(_("Choose at least one list."), code="lists")
    if not campaign.variants.exists():
        raise CampaignIncompleteError(_("Write at least one message."), code="variants")
    if not campaign.campaign_channels.exists():
        raise CampaignIncompleteError(_("Choose at least one number."), code="channels")


def _require(campaign: Campaign, *states: str) -> None:
    if campaign.state not in states:
        raise CampaignStateError(
            _("This cannot be done while the campaign is %(state)s.") % {"state": campaign.get_state_display()}
        )


@transaction.atomic
def _move(campaign: Campaign, state: str, actor: Membership | None, action: str, **changes: Any) -> None:
    locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if locked.state == state:
        return
    if state not in MOVES[locked.state]:
        _require(locked, *(source for source, targets in MOVES.items() if state in targets))
    locked.state = state
    for name, value in changes.items():
        setattr(locked, name, value)
    locked.save()
    record_audit(action, actor=actor, target=locked.name)
    tell_pages(locked)
