"""The NFS-e of a payment, where the business issues it when it is paid."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from billing.credentials import fiscal_settings
from billing.errors import NotConfiguredError
from billing.invoices import InvoiceRequest, invoice_ref
from billing.models import Charge, ChargeState, FiscalInvoice, InvoiceState, IssueMoment
from billing.providers.errors import ProviderKeyError, ProviderRefusedError
from billing.steps import cancel_step, issue_step
from bookings.charges.models import ChargeLink
from bookings.charges.steps.charge import charge_of, words_of
from sagas.definition import JSON, StepCall
from sagas.errors import PermanentStepError, StepPostponed

TRY_AGAIN: Final = timedelta(hours=1).total_seconds()


def create_invoice(call: StepCall) -> JSON:
    """Issue the invoice, unless the business wants none or the booking has its own."""
    charge, ref = charge_of(call), invoice_ref(call.idempotency_key)
    with words_of(charge):
        if charge.state != ChargeState.PAID:
            raise PermanentStepError(_("The payment was sent back."))
        if not FiscalInvoice.objects.filter(ref=ref).exists() and (reason := _why_none(charge)):
            return {"skipped": reason}
        try:
            return issue_step(call, _request(charge, ref))
        except PermanentStepError as refusal:
            if _is_put_right(refusal.__cause__):
                raise StepPostponed(TRY_AGAIN, refusal.reason) from refusal
            raise


def _is_put_right(cause: BaseException | None) -> bool:
    """Tell whether it is the business that has to act: nobody gets his money back for a token that ran out."""
    if isinstance(cause, ProviderKeyError | NotConfiguredError):
        return True
    return isinstance(cause, ProviderRefusedError) and fiscal_settings().keeps_payment


def _why_none(charge: Charge) -> str:
    moment = fiscal_settings().issue_at
    if moment == IssueMoment.NEVER:
        return "not_wanted"
    booking_id = ChargeLink.objects.filter(charge=charge).values_list("booking_id", flat=True).first()
    if booking_id and (moment == IssueMoment.BOOKING or _was_issued_at_booking(booking_id)):
        return "at_booking"
    return ""


def _was_issued_at_booking(booking_id: UUID) -> bool:
    """Tell whether the booking has an invoice from a time when the business issued at booking."""
    ref = invoice_ref(f"booking:{booking_id}:nf_api_call")
    dead = (InvoiceState.REFUSED, InvoiceState.CANCELLED)
    return bool(FiscalInvoice.objects.filter(ref=ref).exclude(state__in=dead).exists())


def _request(charge: Charge, ref: str) -> InvoiceRequest:
    return InvoiceRequest(
        ref=ref, amount_cents=charge.amount_cents, description=charge.description, taker_name=charge.payer_name,
        taker_document=charge.payer_document, taker_email=charge.payer_email, charge_id=charge.pk,
    )  # fmt: skip


def cancel_invoice(call: StepCall) -> None:
    """Cancel the invoice, whether or not its answer ever arrived."""
    if "skipped" in call.result:
        return
    with words_of(charge_of(call)):
        cancel_step(call, _("The payment was sent back and the service will not be provided."))
