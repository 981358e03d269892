"""What happened to numbers and templates in the words of an owner: what was seen, and what to change."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from gateways.models import ChannelEvent, IncidentKind, MessageTemplate, PoolIncident, TemplateStatus
from gateways.pool import causes

TONES = {"critical": "danger", "warning": "warning", "info": "info"}
CROWDED, FITS_AGAIN = "crowded", "fits_again"
TEMPLATE_TONES = {"approved": "success", "rejected": "danger"}


@dataclass(frozen=True)
class Told:
    """An alert in words; ``tone`` is one of the design language's."""

    tone: str
    title: str
    text: str
    url: str


def cause_words(code: str) -> str:
    """Return a sentence for a cause and the next step."""
    known = {
        causes.YOUNG: _("The number was young and sent more than a number of its age should. Leave the warm-up on."),
        causes.TOO_FAST: _("The messages followed each other too quickly. Leave 45 to 60 seconds between them."),
        causes.TOO_MANY: _("It sent more than 600 messages in a day. Spread them over more numbers."),
        causes.BAD_LIST: _("Many messages went to phones that do not exist. Clean the list before the next campaign."),
        causes.UNANSWERED: _("Few people answered. Write to those who know you, and ask a question."),
        causes.AT_NIGHT: _("Many messages left at night. Let the number rest from 22h to 8h."),
        causes.AGAIN: _("It was restricted before within a month. It comes back more slowly this time."),
        causes.UNPROVOKED: _("It had sent nothing that day. Numbers by QR code can be restricted without a reason."),
    }
    return known.get(code, _("Nothing in its last days explains it. Numbers by QR code can always be restricted."))


def told_of(event: ChannelEvent, incident: PoolIncident | None, template: MessageTemplate | None) -> Told:
    """Return an alert as the bell and a toast tell it."""
    if event.detail.startswith("template_"):
        return _told_of_template(event, template)
    tone = TONES.get(str(event.data.get("level")), "info")
    if event.detail in {CROWDED, FITS_AGAIN}:
        return _told_of_demand(event.detail, tone)
    title, text = _words(event.detail, event.channel.name, incident)
    page = reverse("gateways:pool") if incident else reverse("gateways:channel", args=[event.channel_id])
    return Told(tone, title, text, page)


def _words(code: str, name: str, incident: PoolIncident | None) -> tuple[str, str]:
    other = incident.replaced_by.name if incident and incident.replaced_by else ""
    known = {
        IncidentKind.BAN.value: (_("%(number)s was restricted by WhatsApp"), _place(other)),
        IncidentKind.OUTAGE.value: (_("%(number)s stopped sending"), _place(other)),
        IncidentKind.ROTATION.value: (
            _("Planned rotation: %(number)s rests now"), _("%(name)s sends in its place. Nobody's conversation moves."),
        ),
        "near_cap": (_("%(number)s is near today's cap"), _("What does not fit any more waits for tomorrow.")),
        "second_server": (_("%(number)s runs on its second server"), _("What waited is sent, the oldest first.")),
        "first_server": (_("%(number)s runs on its first server again"), _("What waited is sent, the oldest first.")),
        "quiet": (
            _("%(number)s may not be hearing"),
            _("It says connected, but nobody was heard at a time when many write."),
        ),
    }  # fmt: skip
    title, text = known.get(code, ("%(number)s", code))
    return title % {"number": name}, text % {"name": other} if other else text


def _place(other: str) -> str:
    if other:
        return _("%(name)s stands in for it; nothing is lost.")
    return _("No number in reserve could take its place. Connect another one, or wait until it is back.")


def _told_of_demand(code: str, tone: str) -> Told:
    page = reverse("campaigns:demand")
    if code == FITS_AGAIN:
        return Told(
            tone, _("What there is to send fits again"), _("The usual pace holds, and the reserve rests."), page
        )
    return Told(tone, _("There is more to send than fits"), _("See what will be late, and decide."), page)


def _told_of_template(event: ChannelEvent, template: MessageTemplate | None) -> Told:
    status = event.detail.removeprefix("template_")
    name = template.name if template else ""
    known = {
        TemplateStatus.APPROVED.value: (_("Meta approved the template %(name)s"), _("It may be sent at any time now.")),
        TemplateStatus.REJECTED.value: (_("Meta rejected the template %(name)s"), ""),
        TemplateStatus.PAUSED.value: (_("Meta paused the template %(name)s"), _("Too many people blocked it.")),
    }
    title, text = known.get(status, (_("Meta disabled the template %(name)s"), ""))
    if template and template.status == status and template.reason:
        text = template.reason_words
    return Told(TEMPLATE_TONES.get(status, "warning"), title % {"name": name}, text, reverse("gateways:templates"))
