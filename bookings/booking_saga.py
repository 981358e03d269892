"""``create_booking``: whoever must know of a booking is told, or nobody is and the booking is off.

The slot itself is taken in the transaction that starts the saga. When a step cannot be done the ones before are taken
back, and :mod:`bookings.services.processes` cancels the booking; when the booking is cancelled the saga is undone.
"""

from django.utils.translation import gettext_lazy as _

from bookings.services.booking import PROCESS
from bookings.steps.calendar import delete_event, write_event
from bookings.steps.email import send_cancellation, send_confirmation
from bookings.steps.invoice import cancel_nf, create_nf
from bookings.steps.owner import notify_booking, notify_cancellation
from sagas.definition import SagaStep
from sagas.orchestrator import orchestrator

create_booking = orchestrator.define_saga(
    PROCESS,
    [
        SagaStep("nf_api_call", create_nf, cancel_nf, timeout=10, retry_count=3, label=_("Issue the invoice")),
        SagaStep(
            "send_email",
            send_confirmation,
            send_cancellation,
            timeout=5,
            retry_count=2,
            label=_("E-mail the customer"),
        ),
        SagaStep(
            "send_telegram",
            notify_booking,
            notify_cancellation,
            timeout=5,
            retry_count=1,
            label=_("Tell the business"),
        ),
        SagaStep(
            "calendar_event", write_event, delete_event, timeout=10, retry_count=3, label=_("Write to the calendar")
        ),
    ],
    label=_("Booking"),
)
