"""What Focus NFe says of an invoice becomes its row's state."""

from typing import Final
from uuid import UUID

from django.db import transaction

from billing.models import FiscalInvoice, InvoiceState
from billing.providers.focus_nfe import InvoiceReply, InvoiceStatus
from core.clock import now

STATES: Final = {
    InvoiceStatus.PROCESSING: InvoiceState.PROCESSING,
    InvoiceStatus.AUTHORISED: InvoiceState.AUTHORISED,
    InvoiceStatus.REFUSED: InvoiceState.REFUSED,
    InvoiceStatus.CANCELLED: InvoiceState.CANCELLED,
    # A cancellation that was refused leaves an invoice that is as good as before.
    InvoiceStatus.CANCEL_REFUSED: InvoiceState.AUTHORISED,
}


@transaction.atomic
def follow(invoice_id: UUID, seen: InvoiceReply) -> FiscalInvoice:
    """Copy what was seen; a cancelled invoice never comes back."""
    invoice: FiscalInvoice = FiscalInvoice.objects.select_for_update().get(pk=invoice_id)
    if invoice.state == InvoiceState.CANCELLED:
        return invoice
    invoice.state, invoice.errors = STATES[seen.status], list(seen.errors)
    for name in ("number", "verification_code", "url", "pdf_url"):
        setattr(invoice, name, getattr(seen, name)[: _longest(name)] or getattr(invoice, name))
    if invoice.state == InvoiceState.AUTHORISED and invoice.issued_at is None:
        invoice.issued_at = now()
    if invoice.state == InvoiceState.CANCELLED:
        invoice.cancelled_at = now()
    invoice.save()
    return invoice


def _longest(name: str) -> int:
    length = FiscalInvoice._meta.get_field(name).max_length  # type: ignore[union-attr]
    return int(length or 0)
