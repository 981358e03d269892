"""The campaigns of a contact on the contact's page and beside a chat, where their deals are put down to them."""

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string

from campaigns.models import Recipient
from campaigns.results.of_contact import campaigns_of
from conversations.models import Conversation
from leads.models import Contact


def contact_panel(request: HttpRequest, contact: Contact) -> str:
    """Return the card; nothing where no campaign wrote, or for one whose data was erased."""
    reached = [] if contact.anonymised_at else campaigns_of(contact.pk)
    return _drawn(request, "campaigns/_contact_card.html", {"reached": reached}) if reached else ""


def chat_panel(request: HttpRequest, conversation: Conversation) -> str:
    """Return the section of the last campaign that wrote to the contact; nothing where none did."""
    rows = Recipient.objects.filter(contact_id=conversation.contact_id).exclude(sent_at=None)
    recipient = rows.select_related("campaign").order_by("-sent_at").first()
    return _drawn(request, "campaigns/_chat_card.html", {"recipient": recipient}) if recipient else ""


def _drawn(request: HttpRequest, template: str, context: dict[str, object]) -> str:
    # Without the request: what the frame of every page asks the database for is not asked for once more.
    own = {"can_write": request.membership.can_write, "csrf_token": get_token(request)}  # type: ignore[attr-defined]
    return render_to_string(template, context | own)
