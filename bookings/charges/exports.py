"""Charges as rows of a spreadsheet."""

from collections.abc import Iterator
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from billing.charges.checkout import public_url
from billing.documents import format_document
from billing.models import Charge
from core.money import reais

BATCH: Final = 2_000
Rows = tuple[list[str], Iterator[list[Any]]]


def charge_rows(charges: "QuerySet[Charge]") -> Rows:
    """Return headers and rows, newest first."""
    headers = [
        _("Asked on"), _("Who pays"), _("Phone"), _("E-mail"), _("CPF or CNPJ"), _("What for"), _("Amount"), _("How to pay"),
        _("State"), _("Pay until"), _("Paid at"), _("Confirmed"), _("Sent back"), _("Link"),
    ]  # fmt: skip
    ordered = charges.order_by("-created_at", "-pk").iterator(chunk_size=BATCH)
    return headers, (_row(charge) for charge in ordered)


def _row(charge: Charge) -> list[Any]:
    document = format_document(charge.payer_document) if charge.payer_document else ""
    return [
        charge.created_at, charge.payer_name, charge.payer_phone, charge.payer_email, document, charge.description,
        reais(charge.amount_cents), charge.get_method_display(), charge.get_state_display(), charge.expires_at, charge.paid_at,
        charge.get_confirmation_display(), reais(charge.refunded_cents) if charge.refunded_cents else "", public_url(charge),
    ]  # fmt: skip
