"""How the pages of contacts show what happened to a person, and who they are known as."""

from typing import Final, NamedTuple

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.phones import format_national, whatsapp_link
from core.text import truncate
from leads.models import ContactIdentity, IdentityKind, TimelineEntry

register = template.Library()
CELL_LENGTH: Final = 40


class Mark(NamedTuple):
    """The icon of a kind of entry, its tone, and words for apps that give only a code as the title."""

    icon: str
    tone: str = ""
    words: object = ""


DEFAULT: Final = Mark("clock")
MARKS: Final[dict[str, Mark]] = {
    "opt_out": Mark("x-circle", "", gettext_lazy("Asked not to receive campaigns")),
    "opt_in": Mark("check-circle", "accent", gettext_lazy("Agreed to receive campaigns again")),
    "qualified": Mark("sparkle", "accent", gettext_lazy("Qualified by the SDR")),
    "handoff": Mark("user", "accent", gettext_lazy("Handed over to a person")),
    "campaign": Mark("megaphone", "", gettext_lazy("Got a campaign")),
    "replied": Mark("chat", "accent", gettext_lazy("Answered")),
    "message": Mark("chat"),
    "note": Mark("edit"),
    "assigned": Mark("users"),
    "closed": Mark("check"),
    "deal": Mark("money", "accent", gettext_lazy("Closed a deal")),
    "import": Mark("upload"),
    "booking": Mark("calendar", "accent"),
    "payment": Mark("money", "accent"),
}


@register.filter
def timeline_mark(entry: TimelineEntry) -> Mark:
    return MARKS.get(entry.kind, DEFAULT)


@register.filter
def timeline_title(entry: TimelineEntry) -> str:
    """Return the title in words: a title that only repeats the kind is a code."""
    words = MARKS.get(entry.kind, DEFAULT).words
    return str(words) if words and entry.title == entry.kind else entry.title


@register.filter
def timeline_detail(entry: TimelineEntry) -> str:
    """Return what else is known; the score of a qualification is a bare number and needs its unit."""
    if entry.kind == "qualified" and entry.detail.isdecimal():
        return _("Score %(score)s of 130") % {"score": entry.detail}
    return entry.detail


@register.filter
def first_cells(cells: list[str]) -> str:
    """Return what a row of a file says first, to be found again in the file; empty cells say nothing."""
    return " · ".join(truncate(cell, CELL_LENGTH) for cell in cells[:4] if cell.strip())


@register.filter
def address(identity: ContactIdentity) -> str:
    """Return an address as people read it; a hidden id of WhatsApp is no phone and is not shown as one."""
    if identity.kind == IdentityKind.PHONE:
        return format_national(identity.value)
    user = identity.value.split("@")[0]
    return format_national(f"+{user}") if identity.kind == IdentityKind.WHATSAPP and user.isdecimal() else user


@register.filter
def wa_link(e164: str) -> str:
    """Return the address that opens a chat; made from the phone, never from what a file said."""
    return whatsapp_link(e164) if e164 else ""
