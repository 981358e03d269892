"""Who is where in a sequence."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, Min, OuterRef, QuerySet

from bookings.models import Booking, BookingState
from bookings.models.booking import ACTIVE
from campaigns.models import SENT_STATES, Campaign, Recipient, StopReason
from campaigns.sequences.waits import due_at
from conversations.models import Conversation, ConversationStatus

BOOKED = (*ACTIVE, BookingState.DONE)


def going_on(campaign: Campaign) -> "QuerySet[Recipient]":
    """Return the messages that a further step may follow, of those that have left."""
    rows: QuerySet[Recipient] = Recipient.objects.filter(campaign=campaign, leads_on=True, state__in=SENT_STATES)
    return rows


def leads_further() -> Exists:
    """Return the condition that a further step may follow some message of the campaigns that are asked for."""
    return Exists(Recipient.objects.filter(campaign=OuterRef("pk"), leads_on=True, state__in=SENT_STATES))


def next_step_at(campaign: Campaign) -> datetime | None:
    """Return when the next step of a sequence begins for the first of those who wait for it; None where nobody does."""
    steps = {step.number: step for step in campaign.steps.all()}
    if not steps:
        return None
    zone = campaign.organization.timezone
    oldest = going_on(campaign).order_by().values_list("step").annotate(first=Min("sent_at"))
    return min((due_at(at, steps[number + 1], zone) for number, at in oldest if number + 1 in steps), default=None)


def stops_of(campaign: Campaign, rows: Collection[Recipient]) -> dict[UUID, StopReason]:
    """Return why no further step follows these messages, by contact; whoever is absent goes on. Contacts are loaded with the rows."""
    since = first_sends(campaign, [row.contact_id for row in rows])
    found: dict[UUID, StopReason] = {}
    for reason, people in _asked_stops(campaign, since).items():
        found |= dict.fromkeys(people, reason)
    for row in rows:
        contact = row.contact
        began = since.get(row.contact_id)
        wrote = contact.last_seen_at is not None and began is not None and contact.last_seen_at > began
        if StopReason.REPLIED in campaign.stops_on and wrote:
            found[row.contact_id] = StopReason.REPLIED
        if (
            contact.opted_out_at
            or contact.anonymised_at
            or contact.merged_into_id
            or contact.status != 1
            or not row.phone
        ):
            found[row.contact_id] = StopReason.GONE
    return found


def first_sends(campaign: Campaign, contact_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """Return when each contact got the first message of the campaign."""
    rows = Recipient.objects.filter(campaign=campaign, contact__in=contact_ids).exclude(sent_at=None)
    return dict(rows.values_list("contact_id").annotate(first=Min("sent_at")))


def _asked_stops(campaign: Campaign, since: Mapping[UUID, datetime]) -> dict[StopReason, list[UUID]]:
    """Return who did what ends the sequence since its first message, by what they did."""
    found: dict[StopReason, list[UUID]] = {}
    people = list(since)
    if StopReason.CLOSED in campaign.stops_on:
        closed = Conversation.objects.filter(contact__in=people, status=ConversationStatus.CLOSED).exclude(
            closed_at=None
        )
        found[StopReason.CLOSED] = [pk for pk, at in closed.values_list("contact_id", "closed_at") if at > since[pk]]
    if StopReason.BOOKED in campaign.stops_on:
        booked = Booking.objects.filter(contact__in=people, state__in=BOOKED)
        found[StopReason.BOOKED] = [pk for pk, at in booked.values_list("contact_id", "created_at") if at > since[pk]]
    if StopReason.REPLIED in campaign.stops_on:
        replied = Recipient.objects.filter(campaign=campaign, contact__in=people).exclude(replied_at=None)
        found[StopReason.REPLIED] = list(replied.values_list("contact_id", flat=True))
    return found
