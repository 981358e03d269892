"""Campaigns by official numbers: what they say must be an approved template of the number."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from campaigns.errors import CampaignIncompleteError
from campaigns.models import Variant
from core.placeholders import placeholders_in, render_placeholders
from gateways.models import Channel
from gateways.official.services import approved
from gateways.official.texts import fitting
from gateways.registry import get_adapter

SAMPLE = "Maria"


def check_templates(channels: Iterable[Channel], variants: Iterable[Variant]) -> None:
    """Raise :class:`CampaignIncompleteError` for a wording that an official number could not send to somebody new."""
    for channel in channels:
        if not get_adapter(channel.provider).sends_templates:
            continue
        templates = approved([channel.pk])
        for variant in variants:
            values = {name: SAMPLE for name, _fallback in placeholders_in(variant.body)}
            if fitting(templates, render_placeholders(variant.body, values)) is None:
                words = _("%(number)s is an official number, and message %(label)s is no approved template of it.")
                raise CampaignIncompleteError(words % {"number": channel.name, "label": variant.label}, code="variants")
