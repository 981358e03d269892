"""Campaigns before they start: written, changed, checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from string import ascii_uppercase
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.services.audit import record_audit
from campaigns.errors import CampaignIncompleteError
from campaigns.models import Campaign, CampaignChannel, CampaignList, CampaignState, Split, Variant
from campaigns.services.audience_rules import AudienceRules
from campaigns.services.transitions import Action, check, lock, tell_pages
from core.clock import SendingHours, now
from core.tenancy import current_organization_id
from gateways.models import Channel, ChannelRole
from gateways.registry import get_adapter
from leads.models import ContactList

MAX_BODY = 4_096
MAX_VARIANTS = 20
MAX_WEIGHT = 100
MAX_LISTS = 50
MAX_PRIORITY = 100
LATE_BY = timedelta(minutes=1)


@dataclass(frozen=True)
class VariantDraft:
    """One wording and its share among the wordings."""

    body: str
    weight: int = 1


@dataclass(frozen=True)
class _Content:
    name: str
    list_ids: Sequence[UUID]
    variants: Sequence[VariantDraft]
    channel_ids: Sequence[UUID]
    start_at: datetime | None
    sending_hours: Mapping[str, Any] | None
    priority: int
    business_context: str
    audience: Mapping[str, Any]
    split: str
    is_draft: bool


@transaction.atomic
def create_campaign(
    *, name: str, list_ids: Sequence[UUID], variants: Sequence[VariantDraft], channel_ids: Sequence[UUID],
    start_at: datetime | None = None, sending_hours: Mapping[str, Any] | None = None, priority: int = 0,
    business_context: str = "", audience: Mapping[str, Any] | None = None, actor: Membership | None = None,
    key: UUID | None = None, split: str = Split.WEIGHTS, is_draft: bool = False,
) -> Campaign:  # fmt: skip
    """Create a campaign: scheduled when it has a start, else a draft until somebody starts it.

    With ``is_draft`` a start is only noted: nothing leaves by itself.

    Lists are sent to in the order given, to those whom ``audience`` means (:class:`AudienceRules` as JSON). Raises
    :class:`CampaignIncompleteError` in words, also for foreign ids. ``key`` becomes the campaign's id, so that a form that is sent
    twice makes one campaign: the second raises IntegrityError.
    """
    campaign = Campaign(organization_id=current_organization_id(), created_by=actor, **({"id": key} if key else {}))
    _write(campaign, _Content(name, list_ids, variants, channel_ids, start_at, sending_hours, priority, business_context,
                              audience or {}, split, is_draft))  # fmt: skip
    record_audit("campaign.created", actor=actor, target=campaign.name, data={"state": campaign.state})
    return campaign


@transaction.atomic
def update_draft(
    campaign: Campaign, *, name: str, list_ids: Sequence[UUID], variants: Sequence[VariantDraft],
    channel_ids: Sequence[UUID], start_at: datetime | None = None, sending_hours: Mapping[str, Any] | None = None,
    priority: int = 0, business_context: str = "", audience: Mapping[str, Any] | None = None,
    actor: Membership | None = None, split: str = Split.WEIGHTS, is_draft: bool = False,
) -> Campaign:  # fmt: skip
    """Replace what a campaign says, to whom and when, as long as it has not started."""
    locked = lock(campaign)
    check(locked, Action.UPDATE)
    _write(locked, _Content(name, list_ids, variants, channel_ids, start_at, sending_hours, priority, business_context,
                            audience or {}, split, is_draft))  # fmt: skip
    record_audit("campaign.changed", actor=actor, target=locked.name, data={"state": locked.state})
    tell_pages(locked)
    return locked


def content_of(campaign: Campaign) -> dict[str, Any]:
    """Return what a campaign says, to whom and when, as :func:`update_draft` takes it."""
    said = campaign.variants.filter(step=1).order_by("label").values_list("body", "weight")
    return {
        "name": campaign.name,
        "list_ids": list(campaign.campaign_lists.order_by("pk").values_list("contact_list_id", flat=True)),
        "variants": [VariantDraft(body, weight) for body, weight in said if weight],
        "channel_ids": list(campaign.campaign_channels.order_by("pk").values_list("channel_id", flat=True)),
        **{
            name: getattr(campaign, name)
            for name in ("start_at", "sending_hours", "priority", "business_context", "split")
        },
        "audience": campaign.audience_rules,
        "is_draft": campaign.state == CampaignState.DRAFT,
    }


def _write(campaign: Campaign, draft: _Content) -> None:
    _check_content(draft)
    lists = _owned(ContactList, draft.list_ids, "list_ids")
    channels = _owned(Channel, draft.channel_ids, "channel_ids")
    _check_channels(channels)
    campaign.name = draft.name.strip()
    campaign.start_at = draft.start_at
    campaign.state = CampaignState.SCHEDULED if draft.start_at and not draft.is_draft else CampaignState.DRAFT
    campaign.sending_hours = clean_hours(draft.sending_hours or {})
    campaign.priority = draft.priority
    campaign.split = draft.split
    campaign.audience_rules = AudienceRules.of(draft.audience).kept()
    campaign.business_context = draft.business_context.strip()[:4_000]
    campaign.save(force_insert=campaign._state.adding)  # a new one never overwrites another of the same id
    _replace_parts(campaign, lists, channels, draft.variants)


def _replace_parts(
    campaign: Campaign, lists: list[ContactList], channels: list[Channel], variants: Sequence[VariantDraft]
) -> None:
    campaign.variants.filter(step=1).delete()
    campaign.campaign_lists.all().delete()
    campaign.campaign_channels.all().delete()
    mine: dict[str, Any] = {"organization_id": campaign.organization_id, "campaign": campaign}
    Variant.objects.bulk_create(
        Variant(**mine, label=ascii_uppercase[index], body=variant.body.strip(), weight=variant.weight)
        for index, variant in enumerate(variants)
    )
    CampaignList.objects.bulk_create(CampaignList(**mine, contact_list=one) for one in lists)
    CampaignChannel.objects.bulk_create(CampaignChannel(**mine, channel=one) for one in channels)


def _owned(model: Any, ids: Sequence[UUID], field: str) -> list[Any]:
    """Return the organization's own rows in the order given; a foreign id is refused as an absent one is."""
    wanted = list(dict.fromkeys(ids))
    found = model.objects.in_bulk(wanted)
    missing = [pk for pk in wanted if pk not in found]
    if missing:
        raise CampaignIncompleteError(_("%(id)s does not exist.") % {"id": missing[0]}, code=field)
    return [found[pk] for pk in wanted]


def _check_content(draft: _Content) -> None:
    if not draft.name.strip():
        raise CampaignIncompleteError(_("Give the campaign a name."), code="name")
    if len(draft.name.strip()) > 120:
        raise CampaignIncompleteError(_("Use at most %(count)d characters.") % {"count": 120}, code="name")
    if not draft.list_ids:
        raise CampaignIncompleteError(_("Choose at least one list."), code="list_ids")
    if not draft.channel_ids:
        raise CampaignIncompleteError(_("Choose at least one number."), code="channel_ids")
    if max(len(draft.list_ids), len(draft.channel_ids)) > MAX_LISTS:
        raise CampaignIncompleteError(
            _("Choose at most %(count)d lists and numbers.") % {"count": MAX_LISTS}, code="list_ids"
        )
    if not -MAX_PRIORITY <= draft.priority <= MAX_PRIORITY:
        raise CampaignIncompleteError(_("The priority goes from -100 to 100."), code="priority")
    if draft.split not in Split.values:
        raise CampaignIncompleteError(_("People are divided by weight or automatically."), code="split")
    if draft.start_at is not None and not draft.is_draft:
        check_start(draft.start_at)
    _check_variants(draft.variants)


def _check_variants(variants: Sequence[VariantDraft]) -> None:
    if not variants:
        raise CampaignIncompleteError(_("Write at least one message."), code="variants")
    if len(variants) > MAX_VARIANTS:
        raise CampaignIncompleteError(_("Use at most %(count)d variants.") % {"count": MAX_VARIANTS}, code="variants")
    for variant in variants:
        if not variant.body.strip():
            raise CampaignIncompleteError(_("A variant is empty. Write it or remove it."), code="variants")
        if len(variant.body) > MAX_BODY or "\x00" in variant.body:
            raise CampaignIncompleteError(_("Use at most %(count)d characters.") % {"count": MAX_BODY}, code="variants")
        if not 1 <= variant.weight <= MAX_WEIGHT:
            raise CampaignIncompleteError(_("The weight of a variant goes from 1 to 100."), code="variants")


def _check_channels(channels: list[Channel]) -> None:
    if any(channel.removed_at or channel.role == ChannelRole.RETIRED for channel in channels):
        raise CampaignIncompleteError(_("One of the numbers was removed. Choose another."), code="channel_ids")
    silent = next((channel for channel in channels if not get_adapter(channel.provider).starts_chats), None)
    if silent is not None:
        words = _("%(number)s only answers: people must write to it first.") % {"number": silent.name}
        raise CampaignIncompleteError(words, code="channel_ids")
    if all(channel.role == ChannelRole.STANDBY for channel in channels):
        raise CampaignIncompleteError(_("Choose at least one active number."), code="channel_ids")


def check_start(at: datetime) -> None:
    """Raise :class:`CampaignIncompleteError` for a start that has passed or that names no time zone."""
    if at.tzinfo is None:
        raise CampaignIncompleteError(_("The start needs a time zone."), code="start_at")
    if at < now() - LATE_BY:
        raise CampaignIncompleteError(_("The start has already passed. Choose a later time."), code="start_at")


def clean_hours(hours: Mapping[str, Any]) -> SendingHours:
    """Return sending hours as they are kept, empty for any time; raises :class:`CampaignIncompleteError`."""
    rests: SendingHours = {"skips_holidays": True} if hours.get("skips_holidays") is True else {}
    if not hours or not (hours.get("start") or hours.get("end") or hours.get("days")):
        return rests
    try:
        start, end = (datetime.strptime(hours[name], "%H:%M").time() for name in ("start", "end"))
        days = sorted({int(day) for day in hours.get("days") or range(7)})
    except (KeyError, TypeError, ValueError) as error:
        raise CampaignIncompleteError(_("Sending hours look like 09:00 to 18:00."), code="sending_hours") from error
    if start == end or not all(0 <= day <= 6 for day in days):
        raise CampaignIncompleteError(_("Sending hours look like 09:00 to 18:00."), code="sending_hours")
    return {"days": days, "start": start.strftime("%H:%M"), "end": end.strftime("%H:%M"), **rests}
