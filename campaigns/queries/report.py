"""What the report shows beside the figures: the numbers at work, who of the answers is warm, which wording leads, what failed."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Max
from django.utils.translation import gettext as _

from campaigns.models import Campaign, CampaignState, Recipient, RecipientState
from campaigns.queries.figures import reasons
from core.clock import now
from gateways import refusals
from gateways.models import ChannelState
from gateways.queries import Card, cards_of

LOOK_BACK = timedelta(minutes=10)
TICKS = 150
"""As many lines as can be told apart on a track."""
FAILURES = (RecipientState.FAILED, RecipientState.INVALID)
TEMPERATURES = ("quente", "morno", "frio", "muito_frio")


@dataclass
class Lane:
    """A number of the campaign: its card, its part in the campaign and its last minutes as positions from 0 to 100."""

    card: Card
    figures: dict[str, Any]
    sent: list[str] = field(default_factory=list)
    replied: list[str] = field(default_factory=list)

    @property
    def is_sending(self) -> bool:
        return bool(self.sent) and self.card.channel.state == ChannelState.CONNECTED


def lanes(campaign: Campaign, figures: Sequence[dict[str, Any]], zone: str) -> list[Lane]:
    """Return the numbers of a campaign with what they did in the last minutes, from their figures."""
    cards = cards_of([row["channel"] for row in figures], zone)
    found = [Lane(card, row) for card, row in zip(cards, figures, strict=True)]
    if campaign.state not in {CampaignState.RUNNING, CampaignState.PAUSED}:
        return found
    at = now()
    sent, replied = _recent(campaign, "sent_at", at), _recent(campaign, "replied_at", at)
    for lane in found:
        lane.sent, lane.replied = sent[lane.card.channel.pk], replied[lane.card.channel.pk]
    return found


def _recent(campaign: Campaign, column: str, at: datetime) -> dict[UUID, list[str]]:
    since = at - LOOK_BACK
    rows = Recipient.objects.filter(campaign=campaign, **{f"{column}__gte": since}).order_by(f"-{column}")
    found: dict[UUID, dict[str, None]] = defaultdict(dict)
    for channel_id, moment in rows.values_list("channel_id", column)[: TICKS * 20]:
        place = round((moment - since) / LOOK_BACK * TICKS) * 100 / TICKS
        found[channel_id].setdefault(f"{place:.1f}%")
    return defaultdict(list, {channel_id: list(places) for channel_id, places in found.items()})


def failures(campaign: Campaign) -> list[tuple[int, str]]:
    """Return why messages failed, the most frequent reason first: (how often, in words)."""
    return [(count, words) for _code, words, count in failure_reasons(campaign, *FAILURES)]


def failure_reasons(campaign: Campaign, *states: str) -> list[tuple[str, str, int]]:
    """Return why messages to those of some states failed, the most frequent reason first: (code, in words, how often)."""
    found = reasons(campaign, *states)
    texts = _texts(campaign, {code for code, _count in found if not _is_known(code)})
    return [(code, error_words(code, texts.get(code, "")), count) for code, count in found]


def _is_known(code: str) -> bool:
    return bool(code) and error_words(code, "") == error_words(code, "?")


def _texts(campaign: Campaign, codes: set[str]) -> dict[str, str]:
    """Return what a provider wrote with codes for which we have no words: as the sender noted it, or one that a recipient has."""
    found = {code: str(campaign.errors[code].get("text", "")) for code in codes & campaign.errors.keys()}
    missing = {code for code in codes if not found.get(code)}
    if not missing:
        return found
    rows = Recipient.objects.filter(campaign=campaign, state__in=FAILURES, error_code__in=missing)
    return found | dict(rows.values_list("error_code").annotate(text=Max("error")))


def error_words(code: str, text: str) -> str:
    """Return what a provider said of a failed message, in our words where they are known."""
    known = {
        "no_whatsapp": _("This number has no WhatsApp."),
        "simulated": _("The phone refused the message."),
        "no_answer": _("The server did not answer."),
        "no_id": _("The server gave no confirmation."),
    }
    return known.get(code) or refusals.words(code, text) or _("No reason was given.")
