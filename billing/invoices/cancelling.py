"""Taking an NFS-e back."""

from typing import Final

from django.utils.translation import gettext as _

from billing.credentials import focus_nfe
from billing.invoices.following import follow
from billing.models import FiscalInvoice, InvoiceState
from billing.providers.errors import ProviderBusyError, ProviderRefusedError
from billing.providers.focus_nfe import InvoiceReply, InvoiceStatus
from core.crashpoints import crashpoint

LEAST_REASON: Final = 15
LONGEST_REASON: Final = 255
POLL_SECONDS: Final = 15.0


def cancel_invoice(ref: str, *, reason: str, seconds: float = 10.0) -> FiscalInvoice | None:
    """Cancel an invoice wherever it is by now; None when there never was one. Calling again changes nothing.

    Raises ProviderRefusedError where the city does not allow it, ProviderBusyError while the city hall still thinks about
    issuing it, and ProviderDownError or CircuitOpenError, after which it may be called again.
    """
    invoice: FiscalInvoice | None = FiscalInvoice.objects.filter(ref=ref).first()
    if invoice is None or invoice.state == InvoiceState.CANCELLED:
        return invoice
    account = focus_nfe(environment=invoice.environment, seconds=seconds)
    seen = account.query(ref) if invoice.sent_at else None
    if seen is None or seen.status == InvoiceStatus.REFUSED:
        # It never became an invoice; the row remembers that it must not become one later.
        return follow(invoice.pk, InvoiceReply(InvoiceStatus.CANCELLED, errors=seen.errors if seen else ()))
    if seen.status == InvoiceStatus.PROCESSING:
        raise ProviderBusyError(_("The city hall is still working on the invoice."), retry_after=POLL_SECONDS)
    if seen.status != InvoiceStatus.CANCELLED:
        crashpoint("invoice.cancelling")
        seen = account.cancel(ref, _fitting(reason))
        crashpoint("invoice.cancelled")
    followed = follow(invoice.pk, seen)
    if followed.state != InvoiceState.CANCELLED:
        raise ProviderRefusedError("; ".join(seen.errors) or _("The city hall did not cancel the invoice."))
    return followed


def _fitting(reason: str) -> str:
    return reason.strip()[:LONGEST_REASON].ljust(LEAST_REASON, ".")
