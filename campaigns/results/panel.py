"""The campaigns of a contact on the contact's page."""

from django.http import HttpRequest
from django.template.loader import render_to_string

from campaigns.results.of_contact import campaigns_of
from leads.models import Contact


def contact_panel(request: HttpRequest, contact: Contact) -> str:
    """Return the card; nothing where no campaign wrote, or for one whose data was erased."""
    reached = [] if contact.anonymised_at else campaigns_of(contact.pk)
    # Without the request: what the frame of every page asks the database for is not asked for once more.
    return render_to_string("campaigns/_contact_card.html", {"reached": reached}) if reached else ""
