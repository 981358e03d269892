"""``collect_payment``: a charge is paid, invoiced and confirmed to the payer, or the money goes back.

It begins with the charge and waits, for weeks if need be, until Stripe or a person says that the money is there.
"""

from django.utils.translation import gettext_lazy as _

from bookings.charges.process import PROCESS
from bookings.charges.steps.invoice import cancel_invoice, create_invoice
from bookings.charges.steps.payment import process_payment, refund_payment
from bookings.charges.steps.receipt import notify_payment
from sagas.definition import SagaStep
from sagas.orchestrator import orchestrator

collect_payment = orchestrator.define_saga(
    PROCESS,
    [
        SagaStep("process_payment", process_payment, refund_payment, timeout=15, retry_count=3, label=_("Payment")),
        SagaStep("create_invoice", create_invoice, cancel_invoice, timeout=5, retry_count=2, label=_("Invoice")),
        SagaStep("notify_payment", notify_payment, None, timeout=5, retry_count=1, label=_("Receipt")),
    ],
    label=_("Payment"),
)
