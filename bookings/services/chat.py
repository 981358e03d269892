"""Free times offered in a chat, and the booking that the customer picks there. For the SDR and for the reminders."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Organization
from bookings import wording
from bookings.days import read_pick
from bookings.errors import SlotTakenError
from bookings.models import Booking, BookingOrigin, Professional, Service, SlotOffer
from bookings.services.booking import Wish, book, move
from bookings.services.schedule import get_settings
from bookings.services.slots import Slot, open_slots, professionals_of
from bookings.services.threads import last_said, say
from conversations.models import Conversation
from core.clock import local, now
from core.tenancy import current_organization_id
from core.text import fold

OFFERED = 4
A_DAY = 2
LOOK_AHEAD = timedelta(days=21)
VALID = timedelta(hours=24)


def choose_slots(
    service: Service, *, after: datetime | None = None, professional: Professional | None = None,
    ignoring: UUID | None = None,
) -> list[Slot]:  # fmt: skip
    """Return a few free slots spread over the next days: at most two a day, one of the morning and one later."""
    organization = _organization()
    start = local(max(after or now(), now()), organization.timezone).date()
    who = [professional] if professional else professionals_of(service)
    slots = open_slots(service, who, start, start + LOOK_AHEAD, ignoring=ignoring)
    chosen: list[Slot] = []
    halves: set[tuple[object, bool]] = set()
    for slot in slots:
        wall = local(slot.starts_at, organization.timezone)
        half = (wall.date(), wall.hour < 12)
        if half not in halves and len([day for day, _half in halves if day == wall.date()]) < A_DAY:
            halves.add(half)
            chosen.append(slot)
        if len(chosen) == OFFERED:
            break
    return chosen


@transaction.atomic
def offer_slots(
    conversation: Conversation, service: Service, *, booking: Booking | None = None, after: datetime | None = None,
    key: str, lead: str = "",
) -> SlotOffer | None:  # fmt: skip
    """Write free times into the chat as a numbered list, after the words of ``lead``; None when nothing is free.

    ``key`` makes it safe to do twice. With ``booking`` the pick moves that one, with its professional.
    """
    slots = choose_slots(
        service, after=after, professional=booking.professional if booking else None,
        ignoring=booking.pk if booking else None,
    )  # fmt: skip
    if not slots:
        return None
    rows = [{"starts_at": s.starts_at.isoformat(), "professional_id": str(s.professional.pk)} for s in slots]
    offer = SlotOffer(
        organization_id=conversation.organization_id, conversation_ref=conversation.pk, contact_id=conversation.contact_id,
        service=service, booking=booking, slots=rows, expires_at=now() + VALID,
    )  # fmt: skip
    text = "\n\n".join(part for part in (lead, _listed(offer, booking)) if part)
    message = say(conversation, text, key)
    known = SlotOffer.objects.filter(message_ref=message.pk).first()
    if known is not None:
        return known  # type: ignore[no-any-return]
    offer.message_ref = message.pk
    offer.save()
    return offer


def _listed(offer: SlotOffer, booking: Booking | None) -> str:
    organization, own = _organization(), get_settings()
    times = [datetime.fromisoformat(row["starts_at"]) for row in offer.slots]
    with translation.override(organization.language):
        link = wording.link_of(booking, own) if booking else ""
        return wording.offered(times, organization.timezone, offer.service.name, link)


def open_offer(conversation_id: UUID | str) -> SlotOffer | None:
    """Return the offer that an answer in the chat would pick from: the last thing said there, and still valid."""
    rows = SlotOffer.objects.filter(conversation_ref=conversation_id, chosen_at=None, expires_at__gt=now())
    offer: SlotOffer | None = rows.select_related("service", "booking").order_by("-created_at", "-pk").first()
    if offer is None or offer.message_ref != last_said(conversation_id):
        return None
    return offer


def picked(offer: SlotOffer, text: str) -> int | None:
    """Return the number of the offered time that an answer picks; None when it picks none."""
    here = _organization().timezone
    times = [local(datetime.fromisoformat(slot["starts_at"]), here) for slot in offer.slots]
    return read_pick(text, times, local(now(), here).date())


@transaction.atomic
def book_choice(conversation: Conversation, text: str, *, key: str) -> Booking | None:
    """Book, or move to, what the customer's answer picks. None when the text picks nothing.

    When the slot was taken meanwhile the chat gets other times and None is returned as well; ``key`` makes that safe
    to do twice.
    """
    offer = open_offer(conversation.pk)
    number = picked(offer, text) if offer else None
    if offer is None or number is None:
        return None
    locked = SlotOffer.objects.select_for_update(of=("self",)).get(pk=offer.pk)
    if locked.chosen_at:
        return locked.made  # type: ignore[no-any-return]
    try:
        with transaction.atomic():
            made = _take(conversation, offer, offer.slots[number - 1])
    except SlotTakenError:
        _offer_others(conversation, offer, key)
        return None
    locked.chosen_at, locked.made = now(), made
    locked.save(update_fields=["chosen_at", "made"])
    return made


def _take(conversation: Conversation, offer: SlotOffer, slot: dict[str, str]) -> Booking:
    who = Professional.objects.get(pk=slot["professional_id"])
    at = datetime.fromisoformat(slot["starts_at"])
    if offer.booking:
        return move(offer.booking, at, professional=who, by="customer")
    return book(Wish(offer.service, who, at, conversation.contact, origin=BookingOrigin.SDR))


def _offer_others(conversation: Conversation, offer: SlotOffer, key: str) -> None:
    with translation.override(_organization().language):
        lead = _("This time has just been taken.")
    others = offer_slots(conversation, offer.service, booking=offer.booking, key=key, lead=lead)
    if others is None:
        say(conversation, lead, key)


def service_meant(wish: str) -> Service | None:
    """Return the service on offer that somebody's words name, or the only one there is; None when it is not clear."""
    rows = Service.objects.filter(
        is_active=True, professionals__is_active=True, professionals__membership__is_active=True
    )
    found: list[Service] = list(rows.distinct().order_by("name")[:100])
    said = fold(wish)
    named = [one for one in found if said and (fold(one.name) in said or said in fold(one.name))]
    if len(named) == 1:
        return named[0]
    return found[0] if len(found) == 1 and not said else None


def _organization() -> Organization:
    return Organization.objects.get(pk=current_organization_id())
