"""Issuing NFS-e: written down, then sent under our own reference, then asked about until the city hall has answered."""

import hashlib
from dataclasses import dataclass
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Organization
from billing.credentials import fiscal_settings, focus_nfe
from billing.errors import InvoiceError, NotConfiguredError
from billing.invoices.following import follow
from billing.models import FiscalInvoice, FiscalSettings, InvoiceState
from billing.providers.errors import ProviderKeyError, ProviderRefusedError
from billing.providers.focus_nfe import FocusNfe, InvoiceOrder, InvoiceReply, InvoiceStatus, body_of, fields_of
from core.clock import now
from core.crashpoints import crashpoint
from core.tenancy import current_organization_id

NEEDED: Final = ("provider_document", "municipality_code", "service_code")


@dataclass(frozen=True)
class InvoiceRequest:
    """What is to be invoiced; ``ref`` as from :func:`invoice_ref`, the same for every try at the same invoice."""

    ref: str
    amount_cents: int
    description: str
    taker_name: str = ""
    taker_document: str = ""
    taker_email: str = ""
    charge_id: UUID | None = None


def invoice_ref(idempotency_key: str) -> str:
    """Return the reference that belongs to a step of a saga, letters and digits only; undoing finds the same one."""
    key = f"{current_organization_id()}:{idempotency_key.removesuffix(':undo')}"
    return "prosa" + hashlib.sha256(key.encode()).hexdigest()[:32]


def is_ready(settings: FiscalSettings) -> bool:
    """Tell whether the settings hold all that an invoice needs."""
    return all(getattr(settings, name) for name in NEEDED)


def issue_invoice(request: InvoiceRequest, *, seconds: float = 10.0) -> FiscalInvoice:
    """Issue an invoice or ask how it is; call again while its state is ``processing``.

    Raises ProviderRefusedError with the city hall's words, NotConfiguredError, InvoiceError for one that was cancelled,
    and, after all of which it may be called again: ProviderBusyError, ProviderDownError, CircuitOpenError.
    """
    invoice = _written(request)
    if invoice.state == InvoiceState.AUTHORISED:
        return invoice
    if invoice.state == InvoiceState.CANCELLED:
        raise InvoiceError(_("This invoice was cancelled."))
    account = focus_nfe(environment=invoice.environment, seconds=seconds)
    seen = account.query(invoice.ref) if invoice.sent_at else None
    is_another_try = invoice.state == InvoiceState.REFUSED
    if seen is None or (is_another_try and seen.status == InvoiceStatus.REFUSED):
        seen = _send(invoice, account)
    followed = follow(invoice.pk, seen)
    if followed.state == InvoiceState.REFUSED:
        raise ProviderRefusedError("; ".join(followed.errors) or _("The city hall refused the invoice."))
    return followed


@transaction.atomic
def _written(request: InvoiceRequest) -> FiscalInvoice:
    """Return the invoice's row; what was refused is written anew, with the settings as they are now."""
    known: FiscalInvoice | None = FiscalInvoice.objects.select_for_update().filter(ref=request.ref).first()
    if known is not None and known.state != InvoiceState.REFUSED:
        return known
    settings = fiscal_settings()
    if not is_ready(settings):
        raise NotConfiguredError(_("Fill in the fiscal settings before issuing invoices."))
    values = {
        "charge_id": request.charge_id,
        "environment": settings.environment,
        "amount_cents": request.amount_cents,
        "description": request.description,
        "taker_name": request.taker_name,
        "taker_document": request.taker_document,
        "taker_email": request.taker_email,
        "payload": fields_of(_order(request, settings)),
    }
    invoice, _created = FiscalInvoice.objects.update_or_create(
        organization_id=current_organization_id(), ref=request.ref, defaults=values
    )
    return invoice


def _send(invoice: FiscalInvoice, account: FocusNfe) -> InvoiceReply:
    # Written before it is done: whoever finds the mark asks first whether Focus NFe has it.
    FiscalInvoice.objects.filter(pk=invoice.pk).update(sent_at=now())
    crashpoint("invoice.sending")
    try:
        said = account.issue(invoice.ref, body_of(invoice.payload, invoice.amount_cents))
        crashpoint("invoice.sent")
    except ProviderKeyError:
        raise
    except ProviderRefusedError as refusal:
        # "Known already" and "being processed" come as refusals too; what counts is what is there.
        seen = account.query(invoice.ref)
        if seen is None or seen.status == InvoiceStatus.REFUSED:
            follow(invoice.pk, InvoiceReply(InvoiceStatus.REFUSED, errors=(refusal.message,)))
            raise
        return seen
    return said


def _order(request: InvoiceRequest, settings: FiscalSettings) -> InvoiceOrder:
    zone = ZoneInfo(Organization.objects.get(pk=current_organization_id()).timezone)
    return InvoiceOrder(
        provider_document=settings.provider_document,
        municipal_registration=settings.municipal_registration,
        municipality_code=settings.municipality_code,
        tax_regime=settings.tax_regime,
        service_code=settings.service_code,
        description=": ".join(part for part in (settings.service_description, request.description) if part),
        amount_cents=request.amount_cents,
        issued_at=now().astimezone(zone),
        taker_name=request.taker_name,
        taker_document=request.taker_document,
        taker_email=request.taker_email,
    )
