"""Erasing who was asked for money, as far as the law lets us: what was paid keeps the name and document of its payer."""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction

from billing.models import Charge, FiscalInvoice
from core.text import search_text

EMAIL_OF_TAKER = "email_tomador"


@transaction.atomic
def forget_payers(charge_ids: Collection[UUID]) -> None:
    """Blank phone and e-mail of these charges, and the whole payer of those that were never paid."""
    for charge in Charge.objects.select_for_update().filter(pk__in=charge_ids):
        charge.payer_phone = charge.payer_email = ""
        if charge.paid_at is None:
            charge.payer_name = charge.payer_document = ""
        charge.search = search_text(charge.payer_name, charge.payer_document, charge.description)
        charge.save(update_fields=["payer_phone", "payer_email", "payer_name", "payer_document", "search"])
    for invoice in FiscalInvoice.objects.select_for_update().filter(charge_id__in=charge_ids):
        invoice.taker_email = ""
        invoice.payload.pop(EMAIL_OF_TAKER, None)
        invoice.save(update_fields=["taker_email", "payload"])
