"""Where a recipient's contact came from, and who wrote to it: what a person may ask of a business by law (LGPD, art. 18)."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from campaigns.models import Recipient
from campaigns.services.audience import ordered_lists
from core.placeholders import shown
from leads.models import Import, ListMembership


@dataclass(frozen=True)
class Provenance:
    """What is known; empty or None where nothing was kept. ``row_number`` is the row as the spreadsheet shows it."""

    business: str
    text: str
    at: datetime | None
    number: str
    list_name: str
    filename: str
    row_number: int | None
    brought_at: datetime | None
    brought_by: str
    legal_basis: str
    launched_by: str
    source: str


def provenance(recipient: Recipient) -> Provenance:
    """Return the provenance of one message; the recipient comes with its campaign, contact and channel."""
    campaign, contact = recipient.campaign, recipient.contact
    place = _place(recipient)
    brought = _import_of(recipient, place)
    return Provenance(
        business=recipient.organization.name,
        text=shown(recipient.body),
        at=recipient.sent_at,
        number=recipient.channel.phone if recipient.channel else "",
        list_name=place.contact_list.name if place else "",
        filename=brought.filename if brought else "",
        row_number=place.row_number if place else None,
        brought_at=brought.created_at if brought else contact.created_at,
        brought_by=brought.created_by.user.name if brought and brought.created_by else "",
        legal_basis=brought.get_legal_basis_display() if brought and brought.legal_basis else "",
        launched_by=campaign.created_by.user.name if campaign.created_by else "",
        source=contact.source,
    )


def _place(recipient: Recipient) -> ListMembership | None:
    """Return the contact's place in the first of the campaign's lists that has it."""
    lists = ordered_lists(recipient.campaign)
    places = ListMembership.objects.filter(contact=recipient.contact, contact_list__in=lists).select_related(
        "contact_list"
    )
    return min(places, key=lambda place: lists.index(place.contact_list_id), default=None)


def _import_of(recipient: Recipient, place: ListMembership | None) -> Import | None:
    wanted = [one for one in (place.import_id if place else None, recipient.contact.import_id) if one]
    found = Import.objects.filter(Q(pk__in=wanted)).select_related("created_by__user")
    return min(found, key=lambda one: wanted.index(one.pk), default=None)
