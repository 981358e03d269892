"""Whether campaigns may write to a contact: who said so, when, and on what proof."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.services.audit import record_audit
from core.clock import now
from core.formulas import printable
from core.tenancy import current_organization_id
from leads.events import ContactOptedOut
from leads.models import Contact
from leads.services.timeline import record_timeline
from sagas.outbox import publish


@transaction.atomic
def opt_out(
    contact_id: UUID | str, *, reason: str, at: datetime, message_id: UUID | str | None = None,
    actor: Membership | None = None,
) -> bool:  # fmt: skip
    """Leave the contact out of every campaign from now on; return whether that is new.

    ``message_id`` is the message in which the contact asked for it.
    """
    reason = printable(reason)[:300]
    changed = Contact.objects.filter(pk=contact_id, opted_out_at=None).update(opted_out_at=at, opt_out_reason=reason)
    if changed:
        record_timeline(contact_id, kind="opt_out", title=_("Asked not to receive campaigns"), detail=reason, at=at)
        proof = {"reason": reason, "message_id": str(message_id or "")}
        record_audit("contact.opted_out", actor=actor, target=str(contact_id), data=proof)
        publish(ContactOptedOut(str(current_organization_id()), str(contact_id)))
    return bool(changed)


@transaction.atomic
def opt_in(contact_id: UUID | str, *, reason: str, actor: Membership | None) -> bool:
    """Let the contact receive campaigns again because the person asked for it; return whether that is new."""
    reason = printable(reason)[:300]
    out = Contact.objects.filter(pk=contact_id, anonymised_at=None).exclude(opted_out_at=None)
    changed = out.update(opted_out_at=None, opt_out_reason="")
    if changed:
        record_timeline(
            contact_id, kind="opt_in", title=_("Agreed to receive campaigns again"), detail=reason, at=now()
        )
        record_audit("contact.opted_in", actor=actor, target=str(contact_id), data={"reason": reason})
    return bool(changed)
