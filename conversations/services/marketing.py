"""Who told WhatsApp itself that they want no advertising from us: kept as an opt-out, with its evidence."""

from collections.abc import Iterable
from uuid import UUID

from django.utils.translation import gettext as _

from core.clock import now
from leads.services.consent import opt_out

# Meta's code for "this person has stopped marketing messages from you".
STOPPED = "131050"


def heed_stops(stopped: Iterable[tuple[UUID, UUID | None]]) -> None:
    """Leave people out of every campaign: (contact, message that Meta refused with this code)."""
    for contact_id, message_id in stopped:
        reason = _("Asked WhatsApp for no more advertising from you (Meta, code %(code)s)") % {"code": STOPPED}
        opt_out(contact_id, reason=reason, at=now(), message_id=message_id)
