"""Lets steps of sagas use the services of this app: their errors become what the orchestrator understands."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.utils.translation import gettext as _

from billing.errors import ChargeStateError, InvoiceError, NotConfiguredError
from billing.invoices import InvoiceRequest, cancel_invoice, invoice_ref, issue_invoice
from billing.models import InvoiceState
from billing.providers.errors import ProviderBusyError, ProviderDownError, ProviderRefusedError
from core.breaker import CircuitOpenError
from sagas.definition import JSON, StepCall
from sagas.errors import PermanentStepError, StepPostponed, StepUnknown, WaitUntil

POLL_SECONDS: Final = 15.0


@contextmanager
def step_errors() -> Iterator[None]:
    """Translate what providers and our own rules refuse."""
    try:
        yield
    except (ProviderRefusedError, NotConfiguredError, ChargeStateError, InvoiceError) as refusal:
        raise PermanentStepError(refusal.message) from refusal
    except (ProviderBusyError, CircuitOpenError) as busy:
        raise StepPostponed(float(busy.retry_after), busy.message) from busy
    except ProviderDownError as failure:
        if failure.is_unknown:
            raise StepUnknown(failure.message) from failure
        raise


def issue_step(call: StepCall, request: InvoiceRequest) -> JSON:
    """Issue the invoice of this step, waiting for the city hall without using up attempts; its answer is the result."""
    with step_errors():
        invoice = issue_invoice(request, seconds=call.seconds_left())
    if invoice.state != InvoiceState.AUTHORISED:
        raise WaitUntil(POLL_SECONDS, _("The city hall is still working on the invoice."), begun=True)
    return {"ref": invoice.ref, "number": invoice.number, "url": invoice.url, "pdf_url": invoice.pdf_url}


def cancel_step(call: StepCall, reason: str) -> None:
    """Cancel the invoice of this step, whether or not its answer ever arrived."""
    with step_errors():
        cancel_invoice(invoice_ref(call.idempotency_key), reason=reason, seconds=call.seconds_left())
