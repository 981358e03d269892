"""The NFS-e of a booking, where the business issues it at booking."""

from django.utils.translation import gettext as _

from billing.credentials import fiscal_settings
from billing.invoices import InvoiceRequest, invoice_ref
from billing.models import IssueMoment
from billing.steps import cancel_step, issue_step
from bookings.services.notices import address_of
from bookings.steps.standing import booking_of, language_of, standing_booking
from sagas.definition import JSON, StepCall


def create_nf(call: StepCall) -> JSON:
    """Issue the invoice; a free service, or a business that issues when it is paid, has none here."""
    booking = standing_booking(call)
    if fiscal_settings().issue_at != IssueMoment.BOOKING:
        return {"skipped": "not_at_booking"}
    if not booking.price_cents:
        return {"skipped": "free"}
    request = InvoiceRequest(
        ref=invoice_ref(call.idempotency_key), amount_cents=booking.price_cents, description=booking.service_name,
        taker_name=booking.contact.name, taker_email=address_of(booking),
    )  # fmt: skip
    with language_of(booking.organization):
        return issue_step(call, request)


def cancel_nf(call: StepCall) -> None:
    """Cancel the invoice, whether or not its answer ever arrived."""
    if "skipped" in call.result:
        return
    with language_of(booking_of(call).organization):
        cancel_step(call, _("The booking was cancelled and the service will not be provided."))
