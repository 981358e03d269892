"""Campaigns by official numbers: what they say must be an approved template of the number."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from campaigns.errors import CampaignIncompleteError
from campaigns.models import Campaign, Variant
from core.placeholders import placeholders_in, render_placeholders
from gateways.models import Channel, ChannelRole, MessageTemplate, TemplateCategory
from gateways.official.services import approved
from gateways.official.texts import fitting, values_in
from gateways.registry import campaign_providers, get_adapter

SAMPLE = "Maria"
MICROS_PER_REAL = 1_000_000


def check_templates(channels: Iterable[Channel], variants: Iterable[Variant]) -> None:
    """Raise :class:`CampaignIncompleteError` for a wording that an official number could not send to somebody new."""
    for channel in channels:
        if not get_adapter(channel.provider).sends_templates:
            continue
        templates = approved([channel.pk])
        for variant in variants:
            if fitting(templates, _sample_of(variant)) is None:
                words = _("%(number)s is an official number, and message %(label)s is no approved template of it.")
                raise CampaignIncompleteError(words % {"number": channel.name, "label": variant.label}, code="variants")


def refusal_of(channels: Iterable[Channel], texts: Iterable[tuple[str, str]]) -> str:
    """Return why these (label, text) could not leave by one of the numbers, or ""."""
    try:
        check_templates(channels, [Variant(label=label, body=text) for label, text in texts])
    except CampaignIncompleteError as refusal:
        return refusal.message
    return ""


def campaign_numbers() -> "QuerySet[Channel]":
    """Return the numbers that campaigns may be sent by."""
    rows = Channel.objects.filter(removed_at=None, provider__in=campaign_providers())
    return rows.exclude(role=ChannelRole.RETIRED)


def templates_of(channels: Iterable[Channel]) -> list[MessageTemplate]:
    """Return the approved templates of those numbers that are official ones."""
    official = [one.pk for one in channels if get_adapter(one.provider).sends_templates]
    return approved(official) if official else []


def keep_fees(campaign: Campaign) -> None:
    """Keep what Meta takes for a delivered message of each wording by each official number; what is kept already stays.

    Other numbers cost nothing a message.
    """
    variants = list(campaign.variants.all())
    for channel, prices in prices_of(list(campaign.channels.all()), variants).items():
        kept = campaign.fees.get(str(channel.pk), {})
        campaign.fees[str(channel.pk)] = {str(price.variant.pk): price.micros for price in prices} | kept
    campaign.save(update_fields=["fees"])


class Price(NamedTuple):
    """What a delivered message of a wording costs by an official number, in millionths of a real."""

    variant: Variant
    category: str
    micros: int


def prices_of(channels: Iterable[Channel], variants: Sequence[Variant]) -> dict[Channel, list[Price]]:
    """Return the prices of the wordings by each of the numbers that Meta bills."""
    official = [one for one in channels if get_adapter(one.provider).sends_templates]
    return {channel: _prices(approved([channel.pk]), variants) for channel in official}


def _prices(templates: Sequence[MessageTemplate], variants: Sequence[Variant]) -> list[Price]:
    found = [(variant, _category(variant, templates)) for variant in variants]
    return [Price(one, category, round(settings.META_FEES[category] * MICROS_PER_REAL)) for one, category in found]


def _category(variant: Variant, templates: Iterable[MessageTemplate]) -> str:
    """Return the category of the template that a wording is sent as; what fits none any more counts as the dearest."""
    said = _sample_of(variant)
    fits = (one.category for one in templates if values_in(one.body, said) is not None)
    found = next(fits, TemplateCategory.MARKETING)
    return found if found in settings.META_FEES else TemplateCategory.MARKETING


def _sample_of(variant: Variant) -> str:
    return render_placeholders(variant.body, {name: SAMPLE for name, _fallback in placeholders_in(variant.body)})
