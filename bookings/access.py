"""The rows that pages and the API name by id: a foreign one is as absent as one that never was."""

from typing import Any
from uuid import UUID

from django.http import Http404

from bookings.models import Booking, Professional, Service


def get_booking(booking_id: UUID) -> Booking:
    rows = Booking.objects.select_related("contact", "service", "professional__membership__user")
    return _found(rows.filter(pk=booking_id).first())


def get_service(service_id: UUID) -> Service:
    return _found(Service.objects.filter(pk=service_id).first())


def get_professional(professional_id: UUID) -> Professional:
    return _found(Professional.objects.select_related("membership__user").filter(pk=professional_id).first())


def _found(row: Any) -> Any:
    if row is None:
        raise Http404
    return row
