"""Charges in the contact's own history."""

from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils import translation

from billing.models import Charge
from bookings.charges.models import ChargeLink
from core.money import format_brl
from leads.services.timeline import record_timeline


def note(charge: Charge, title: str, *, at: datetime, kind: str) -> None:
    """Add a line once per kind and moment; ``title`` is an untranslated text with ``%(amount)s``."""
    contact_id: UUID | None = ChargeLink.objects.filter(charge=charge).values_list("contact_id", flat=True).first()
    if contact_id is None:
        return
    with translation.override(charge.organization.language):
        words = translation.gettext(title) % {"amount": format_brl(charge.amount_cents)}
    record_timeline(
        contact_id, kind="payment", title=words, detail=charge.description, at=at,
        url=reverse("charges:charge", args=[charge.pk]), dedupe_key=f"charge:{charge.pk}:{kind}:{at.timestamp():.0f}",
    )  # fmt: skip
