"""The card of a contact's page by which a person begins a conversation."""

from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string

from gateways.models import Channel
from leads.models import Contact

SHOWN = 20


def numbers() -> "QuerySet[Channel]":
    """Return the numbers from which the business can write."""
    rows: QuerySet[Channel] = Channel.objects.filter(removed_at=None).order_by("name", "pk")
    return rows


def contact_panel(request: HttpRequest, contact: Contact) -> str:
    membership = getattr(request, "membership", None)
    if membership is None or not membership.can_write or not contact.phone or contact.anonymised_at:
        return ""
    channels = list(numbers()[:SHOWN])
    context = {"contact": contact, "channels": channels}
    return render_to_string("conversations/start.html", context, request) if channels else ""
