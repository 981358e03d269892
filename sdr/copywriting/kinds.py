"""What a campaign text is for."""

from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class CopyKind(StrEnum):
    FIRST = "first"
    OFFER = "offer"
    REMINDER = "reminder"
    COMEBACK = "comeback"


NAMES: dict[CopyKind, Promise] = {
    CopyKind.FIRST: _("First contact"),
    CopyKind.OFFER: _("Offer"),
    CopyKind.REMINDER: _("To who did not answer"),
    CopyKind.COMEBACK: _("To bring a customer back"),
}


def kind_of(text: str) -> CopyKind:
    """Return the kind that a form names; what it does not know is a first contact."""
    return CopyKind(text) if text in set(CopyKind) else CopyKind.FIRST
