"""Why a campaign is waiting: found by the same functions that hold the sender back, and put into words."""

from collections.abc import Callable
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Organization
from bookings.days_off import days_off_in, rests_of
from campaigns.models import Campaign, CampaignChannel, CampaignState, Recipient, RecipientState
from campaigns.queries.guarding import evidence_of
from campaigns.sequences.people import next_step_at
from core.clock import local, next_allowed, now
from core.moments import spoken
from gateways.models import SENDING_ROLES, Channel
from gateways.pacing import Wait, wait_of

# Codes beside those of gateways.pacing.
SENDING_HOURS, PREPARING, RETRY, NO_PROGRESS = "sending_hours", "preparing", "retry", "no_progress"
HOLIDAY, NEXT_STEP = "holiday", "next_step"
GAP = "gap"
MOVED = "moved"
"""Why a campaign rests that was moved to another day, on which it goes on by itself."""


def waits(campaign: Campaign) -> list[tuple[str, Wait]]:
    """Return why a running campaign sends nothing at this moment: (name of the number or '', reason).

    Empty while at least one of its numbers is free to send, or when nothing is left to be sent.
    """
    if campaign.state != CampaignState.RUNNING:
        return []
    if campaign.audience_built_at is None:
        return [("", Wait(PREPARING))]
    at, zone = now(), _zone(campaign)
    hours = campaign.sending_hours
    off = days_off_in([hours])
    if (opens := next_allowed(at, hours, zone, rests_of(hours, off))) > at:
        rests = local(at, zone).date() in rests_of(hours, off)
        return [("", Wait(HOLIDAY if rests else SENDING_HOURS, opens))]
    if not (queued := Recipient.objects.filter(campaign=campaign, state=RecipientState.QUEUED)).exists():
        following = next_step_at(campaign)
        return [("", Wait(NEXT_STEP, max(following, at)))] if following else []
    if not queued.exclude(next_attempt_at__gt=at).exists():
        return [("", Wait(RETRY, queued.order_by("next_attempt_at").values_list("next_attempt_at", flat=True)[0]))]
    return _of_channels(serving(campaign), at, zone)


def serving(campaign: Campaign) -> list[Channel]:
    """Return the numbers whose turn it is to send for a campaign: who sends always, and the standbys that took over."""
    links = (
        CampaignChannel.objects.filter(campaign=campaign)
        .select_related("channel__portfolio")
        .order_by("channel__created_at")
    )
    return [link.channel for link in links if link.channel.role in SENDING_ROLES or link.took_over_at]


def _zone(campaign: Campaign) -> str:
    zone: str = Organization.objects.values_list("timezone", flat=True).get(pk=campaign.organization_id)
    return zone


def _of_channels(channels: list[Channel], at: datetime, zone: str) -> list[tuple[str, Wait]]:
    reasons = [(channel.name, wait_of(channel, at, zone)) for channel in channels]
    if any(wait is None for _name, wait in reasons):
        return []
    return [(name, wait) for name, wait in reasons if wait is not None] or [("", Wait("removed"))]


def waiting_reasons(campaign: Campaign) -> list[str]:
    """Return the reasons as sentences."""
    return [in_words(name, wait) for name, wait in waits(campaign)]


def standstills(campaign: Campaign) -> list[str]:
    """Return the reasons as sentences, without the gap between two messages: that is the pace, and no standstill."""
    return [in_words(name, wait) for name, wait in waits(campaign) if wait.code != GAP]


def waiting_note(campaign: Campaign) -> list[str]:
    """Return what was last noted on a campaign that runs, or is to start, as sentences: for lists, without looking again."""
    note = campaign.wait_reason
    if campaign.state not in {CampaignState.RUNNING, CampaignState.SCHEDULED} or not note:
        return []
    until = datetime.fromisoformat(note["until"]) if note.get("until") else None
    return [in_words(note.get("name", ""), Wait(note["code"], until))]


_WORDS: dict[str, Callable[[], str]] = {
    SENDING_HOURS: lambda: _("Outside the sending hours of this campaign. It goes on %(until)s."),
    HOLIDAY: lambda: _("It rests on holidays. It goes on %(until)s."),
    NEXT_STEP: lambda: _("Everybody waits for their next step. It goes on %(until)s."),
    PREPARING: lambda: _("The messages are being prepared."),
    RETRY: lambda: _("The last ones did not get through. Next try %(until)s."),
    "quiet_hours": lambda: _("%(name)s keeps its quiet hours. It goes on %(until)s."),
    "daily_cap": lambda: _("%(name)s has sent all it may today. It goes on %(until)s."),
    "portfolio_limit": lambda: _(
        "%(name)s has reached Meta's limit of people in 24 hours, with all numbers of the business. It goes on %(until)s."
    ),
    "gap": lambda: _("%(name)s sends the next one %(until)s."),
    "rest": lambda: _("%(name)s was asked to rest. It goes on %(until)s."),
    "restricted": lambda: _("%(name)s was restricted by WhatsApp. It rests until %(until)s at least."),
    "restricted_open": lambda: _("%(name)s was restricted by WhatsApp."),
    "paused": lambda: _("%(name)s is paused by hand."),
    "connecting": lambda: _("%(name)s is connecting."),
    "qr_required": lambda: _("%(name)s waits for its QR code to be scanned."),
    "disconnected": lambda: _("%(name)s is not connected."),
    "removed": lambda: _("The numbers of this campaign were removed."),
    "no_number": lambda: _("Its time has come, but none of its numbers is connected. It starts as soon as one is."),
    NO_PROGRESS: lambda: _("Nothing has left for some minutes and no reason is known. See the numbers."),
}

_PAUSES: dict[str, Callable[[], str]] = {
    "plan:daily_limit": lambda: _("Your plan's messages for today are used up."),
    "plan:monthly_limit": lambda: _("Your plan's messages for this month are used up."),
    "plan:trial_expired": lambda: _("Your trial has ended. Choose a plan to go on."),
    MOVED: lambda: _("It was moved so that others go first."),
    "late_start": lambda: _("The start was missed. Decide whether it is sent now or cancelled."),
}


def in_words(name: str, wait: Wait) -> str:
    """Return one reason as a sentence."""
    words = _WORDS["restricted_open"] if wait.code == "restricted" and not wait.until else _WORDS.get(wait.code)
    words = words or _WORDS["disconnected"]
    return words() % {"name": name, "until": spoken(wait.until)}


def pause_words(campaign: Campaign) -> str:
    """Return in words why a campaign paused by itself; empty when a person paused it."""
    if evidence := evidence_of(campaign):
        return evidence.words
    words = _PAUSES.get(campaign.pause_reason)
    if words is None:
        return campaign.pause_reason
    return f"{words()} {_goes_on(campaign)}".strip()


def _goes_on(campaign: Campaign) -> str:
    """Return the sentence about when a campaign that waits for its plan goes on."""
    if campaign.resumes_at:
        return _("It goes on by itself %(until)s.") % {"until": spoken(campaign.resumes_at)}
    if campaign.pause_reason in {"plan:daily_limit", "plan:monthly_limit"}:
        return _("Resume it when the limit renews, or change the plan.")
    return ""


def unknown_words(count: int) -> str:
    """Return the line about sends that wait for a person to confirm them."""
    text = ngettext("%(count)d message is to be confirmed.", "%(count)d messages are to be confirmed.", count)
    return text % {"count": count}
