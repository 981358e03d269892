"""Answers to the agenda's messages: 1, 2 and 3 or their words, and the number of an offered time.

An answer counts only while the agenda's message is the last thing said in the chat; so a "1" to a campaign or to a person
is left to them. What was understood is a row, which lets nobody else answer it.
"""

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Organization
from bookings import wording
from bookings.answers import Answer, read_answer
from bookings.errors import BookingStateError
from bookings.models import ACTIVE, Booking, BookingNotice, BookingState, HandledReply, NoticeState
from bookings.services import booking as bookings
from bookings.services.chat import book_choice, offer_slots, open_offer, picked
from bookings.services.schedule import get_settings
from bookings.services.threads import last_said, say
from conversations.events import CustomerReplied
from conversations.models import Conversation, ConversationStatus
from core.clock import now


def takes(event: CustomerReplied) -> bool:
    """Tell whether the agenda answers this message, or has done so; then nobody else does."""
    if HandledReply.objects.filter(message_ref=event.message_id).exists():
        return True
    return not event.is_old and _meaning(event) is not None


def _meaning(event: CustomerReplied) -> tuple[str, BookingNotice | None] | None:
    offer = open_offer(event.conversation_id)
    if offer is not None and picked(offer, event.text) is not None:
        return "pick", None
    notice = _awaiting(event)
    answer = read_answer(event.text) if notice else None
    return (answer.value, notice) if answer and notice else None


def _awaiting(event: CustomerReplied) -> BookingNotice | None:
    sent = BookingNotice.objects.filter(
        conversation_ref=event.conversation_id, state=NoticeState.SENT, awaits_answer_until__gt=now()
    )
    notice: BookingNotice | None = sent.select_related("booking").order_by("-sent_at", "-pk").first()
    if notice is None or notice.booking.state not in ACTIVE:
        return None
    return notice if notice.message_ref == last_said(event.conversation_id) else None


@transaction.atomic
def answer(event: CustomerReplied) -> None:
    """Do what the customer asks for in an answer to the agenda; once per message."""
    meaning = None if event.is_old else _meaning(event)
    if meaning is None or HandledReply.objects.filter(message_ref=event.message_id).exists():
        return
    action, notice = meaning
    conversation = Conversation.objects.select_related("contact").get(pk=event.conversation_id)
    if conversation.status == ConversationStatus.CLOSED:
        return
    HandledReply.objects.create(message_ref=event.message_id, conversation_ref=event.conversation_id, action=action)
    key = f"booking-reply:{event.message_id}"
    if notice is None:
        book_choice(conversation, event.text, key=key)
        return
    notice.answer = action
    notice.save(update_fields=["answer"])
    try:
        with transaction.atomic():
            _act(Answer(action), notice, conversation, key)
    except BookingStateError as error:
        say(conversation, error.message, key)


def _act(action: Answer, notice: BookingNotice, conversation: Conversation, key: str) -> None:
    booking = Booking.objects.select_related("service", "professional", "contact").get(pk=notice.booking_id)
    match action:
        case Answer.CONFIRM:
            was_held = booking.state == BookingState.HELD
            bookings.confirm(booking, by="customer")
            if not was_held:
                # A held one is answered by the message that it is booked now.
                _go_on(notice, conversation, _thanks(booking), key)
        case Answer.CANCEL:
            bookings.cancel(booking, by="customer")
        case Answer.MOVE:
            _offer_times(notice, booking, conversation, key)


def _go_on(notice: BookingNotice, conversation: Conversation, text: str, key: str) -> None:
    """Write back, and let the next answer still mean this booking."""
    notice.message_ref = say(conversation, text, key).pk
    notice.save(update_fields=["message_ref"])


def _thanks(booking: Booking) -> str:
    organization = Organization.objects.get(pk=booking.organization_id)
    with translation.override(organization.language):
        return _("Confirmed. See you %(when)s.") % {"when": wording.when(booking.starts_at, organization.timezone)}


def _offer_times(notice: BookingNotice, booking: Booking, conversation: Conversation, key: str) -> None:
    if offer_slots(conversation, booking.service, booking=booking, key=key) is not None:
        return
    organization = Organization.objects.get(pk=booking.organization_id)
    with translation.override(organization.language):
        link = wording.link_of(booking, get_settings())
        text = _("There is no other free time now. Your page shows when one comes up: %(link)s") % {"link": link}
    _go_on(notice, conversation, text, key)
