"""Sending what cannot be taken back at most once, whoever dies in between."""

from collections.abc import Callable

from bookings.models import SentMark
from core.clock import now
from core.crashpoints import crashpoint
from core.tenancy import current_organization_id


class NothingSentError(Exception):
    """Wraps what went wrong while it is certain that nothing left."""


def send_once(key: str, send: Callable[[], str]) -> str:
    """Send, unless somebody has begun to under this key; return ``sent``, or ``unknown`` where one died in between.

    ``send`` returns the other side's reference, and raises :class:`NothingSentError` from what may be tried again.
    """
    mark, is_ours = SentMark.objects.get_or_create(key=key, organization_id=current_organization_id())
    if not is_ours:
        return "sent" if mark.settled_at else "unknown"
    crashpoint("mark.begun")
    try:
        reference = send()
    except NothingSentError:
        mark.delete()
        raise
    crashpoint("mark.sent")
    mark.reference, mark.settled_at = reference[:200], now()
    mark.save(update_fields=["reference", "settled_at"])
    return "sent"


def was_begun(key: str) -> bool:
    """Tell whether something was sent under this key, or may have been."""
    return SentMark.objects.filter(key=key).exists()
