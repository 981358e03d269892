from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import member_required
from accounts.http import MemberRequest
from accounts.services.audit import record_audit
from billing.charges.checkout import public_url
from billing.charges.creating import available_methods
from billing.models import Charge, ChargeMethod, ChargeState
from bookings.charges import exports
from bookings.charges.access import get_charge
from bookings.charges.models import PaymentReceipt
from bookings.charges.process import process_of
from bookings.charges.queries import PERIODS, Filters
from core.clock import now
from core.exports import table_response
from core.pagination import InvalidCursorError, Page, keyset_page
from core.qr import qr_path
from sagas.models import SagaState

PAGE = 30


@require_safe
@member_required
def charge_list(request: MemberRequest) -> HttpResponse:
    filters, zone = Filters.of(request.GET), request.organization.timezone
    page = _page(request, filters)
    context = {
        "filters": filters, "page": page, "next_cursor": page.next_cursor, "sums": filters.sums(zone),
        "methods": ChargeMethod.choices, "periods": PERIODS.items(), "is_set_up": bool(available_methods()), "now": now(),
    }  # fmt: skip
    is_fragment = request.htmx and request.htmx.target == "results"
    return render(
        request, "bookings/charges/list.html#results" if is_fragment else "bookings/charges/list.html", context
    )


def _page(request: MemberRequest, filters: Filters) -> Page[Charge]:
    rows = filters.charges(request.organization.timezone).select_related("link__contact")
    try:
        return keyset_page(rows, order="-created_at", cursor=request.GET.get("cursor"), size=PAGE)
    except InvalidCursorError:
        return keyset_page(rows, order="-created_at", cursor=None, size=PAGE)


@require_safe
@member_required
def charges_export(request: MemberRequest, file_format: str) -> HttpResponseBase:
    """Send the charges that the filters of the address leave."""
    headers, rows = exports.charge_rows(Filters.of(request.GET).charges(request.organization.timezone))
    record_audit("charges.exported", actor=request.membership, data={"filters": request.GET.urlencode()[:500]})
    return table_response(file_format, _("charges"), headers, rows)  # type: ignore[arg-type]  # the URLs say csv or xlsx


@require_safe
@member_required
def charge_page(request: MemberRequest, charge_id: UUID) -> HttpResponse:
    charge = get_charge(charge_id)
    is_fragment = request.htmx and request.htmx.target == "charge"
    name = "bookings/charges/charge.html#charge" if is_fragment else "bookings/charges/charge.html"
    return render(request, name, _situation(charge))


def _situation(charge: Charge) -> dict[str, Any]:
    process = process_of(charge.pk)
    can_pay = charge.state == ChargeState.OPEN and charge.expires_at > now()
    return {
        "charge": charge, "link": getattr(charge, "link", None), "process": process, "can_pay": can_pay,
        "public_url": public_url(charge), "qr": qr_path(charge.pix_code) if can_pay and charge.pix_code else None,
        "invoices": charge.invoices.order_by("-created_at"), "receipts": PaymentReceipt.objects.filter(charge=charge).order_by("-created_at"),
        "is_going_back": process is not None and process.state == SagaState.COMPENSATING,
    }  # fmt: skip
