"""The charges of a contact, beside a chat and on the contact's page."""

from django.http import HttpRequest
from django.template.loader import render_to_string

from bookings.charges.queries import charges_of
from conversations.models import Conversation
from leads.models import Contact


def chat_panel(request: HttpRequest, conversation: Conversation) -> str:
    """Return the section of the inbox."""
    context = {"charges": charges_of(contact_id=conversation.contact_id), "conversation": conversation}
    return render_to_string("bookings/charges/_chat.html", context, request)


def contact_panel(request: HttpRequest, contact: Contact) -> str:
    """Return the card of the contact's page; nothing for one whose data was erased."""
    if contact.anonymised_at:
        return ""
    context = {"charges": charges_of(contact_id=contact.pk), "contact": contact}
    return render_to_string("bookings/charges/_card.html", context, request)
