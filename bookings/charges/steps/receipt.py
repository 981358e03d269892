"""Telling the payer that the money arrived."""

from billing.models import ChargeState
from bookings.charges.receipts import write_receipt
from bookings.charges.steps.charge import charge_of, words_of
from sagas.definition import JSON, StepCall


def notify_payment(call: StepCall) -> JSON:
    """Write the receipt into the chat and queue it as an e-mail; what becomes of them cannot cost the payer the payment."""
    charge = charge_of(call)
    if charge.state != ChargeState.PAID:
        return {"skipped": "sent_back"}
    with words_of(charge):
        receipt = write_receipt(charge, key=call.idempotency_key, invoice=call.results.get("create_invoice", {}))
    return {"whatsapp": receipt.message_ref is not None, "email": receipt.mail_state != "none"}
