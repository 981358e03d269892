"""The appointments of a contact, beside a chat and on the contact's page."""

from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string

from bookings import queries
from bookings.models import Professional
from conversations.models import Conversation
from leads.models import Contact


def chat_panel(request: HttpRequest, conversation: Conversation) -> str:
    """Return the section of the inbox; nothing where nobody takes bookings."""
    return _drawn(request, conversation.contact, "bookings/_chat.html")


def contact_panel(request: HttpRequest, contact: Contact) -> str:
    """Return the card of the contact's page."""
    return "" if contact.anonymised_at else _drawn(request, contact, "bookings/_card.html")


def _drawn(request: HttpRequest, contact: Contact, template: str) -> str:
    ahead, before = queries.appointments_of(contact.pk)
    if not ahead and not before and not Professional.objects.filter(is_active=True).exists():
        return ""
    context: dict[str, Any] = {"ahead": ahead, "before": before, "contact": contact}
    return render_to_string(template, context, request)
