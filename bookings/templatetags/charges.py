from typing import Any

from django import template

from billing.documents import format_document
from bookings.charges.queries import charges_of
from bookings.models import Booking
from core.money import format_brl

register = template.Library()


@register.filter
def document(plain: str) -> str:
    """Return a CPF or CNPJ as people write it."""
    return format_document(plain)


@register.filter
def reais(cents: int) -> str:
    """Return cents as ``1.284,50``, where the currency stands beside it."""
    return format_brl(cents).removeprefix("R$ ")


@register.inclusion_tag("bookings/charges/_card.html", takes_context=True)
def charges_card(context: Any, booking: Booking) -> dict[str, Any]:
    """Draw the charges of a booking with the door to a new one."""
    return {"charges": charges_of(booking_id=booking.pk), "booking": booking, "request": context["request"]}
