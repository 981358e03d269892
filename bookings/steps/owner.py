"""Telling the business that somebody booked, and that it is off again: by Telegram or by WhatsApp."""

from functools import partial

from django.db import transaction

from accounts.services.secrets_store import get_secret
from bookings import wording
from bookings.models import Booking, BookingSettings, OwnerNotice
from bookings.providers import telegram
from bookings.services.bot import TELEGRAM_TOKEN
from bookings.services.marks import NothingSentError, send_once, was_begun
from bookings.services.schedule import get_settings
from bookings.services.threads import say, thread_of
from bookings.steps.standing import action_key, booking_of, language_of, standing_booking
from conversations.models import Conversation, Handler, Message
from core.breaker import CircuitOpenError
from leads.models import Contact
from leads.services.contacts import find_or_create_contact
from sagas.definition import JSON, StepCall
from sagas.errors import PermanentStepError, StepPostponed, StepUnknown


def notify_booking(call: StepCall) -> JSON:
    """Tell the business of the booking, in the way that its settings say."""
    return _tell(call, standing_booking(call), cancelled=False)


def notify_cancellation(call: StepCall) -> None:
    """Tell the business that the booking is off, if it was told of it."""
    key = action_key(call)
    if was_begun(key) or Message.objects.filter(client_key=key).exists():
        _tell(call, booking_of(call), cancelled=True)


def _tell(call: StepCall, booking: Booking, *, cancelled: bool) -> JSON:
    own = get_settings()
    with language_of(booking.organization):
        text = wording.owner_text(booking, booking.organization.timezone, cancelled=cancelled)
        match own.owner_notice:
            case OwnerNotice.TELEGRAM:
                return _by_telegram(call, own, text)
            case OwnerNotice.WHATSAPP:
                return _by_whatsapp(call, booking, own, text)
            case _:
                return {"skipped": "not_wanted"}


def _by_telegram(call: StepCall, own: BookingSettings, text: str) -> JSON:
    token = get_secret(TELEGRAM_TOKEN)
    if not token or not own.telegram_chat_id:
        return {"skipped": "not_connected"}
    try:
        outcome = send_once(call.idempotency_key, partial(_send, call, token, own.telegram_chat_id, text))
    except NothingSentError as nothing:
        raise _step_error(nothing.__cause__ or nothing) from nothing
    return {"by": "telegram", "outcome": outcome}


def _send(call: StepCall, token: str, chat_id: str, text: str) -> str:
    try:
        return telegram.send_text(
            token, chat_id, text, organization_id=call.organization_id, seconds=call.seconds_left()
        )
    except telegram.TelegramDownError as error:
        if error.nothing_left:
            raise NothingSentError from error
        raise StepUnknown(error.message) from error
    except (telegram.TelegramRefusedError, telegram.TelegramBusyError, CircuitOpenError) as error:
        raise NothingSentError from error


def _step_error(error: BaseException) -> BaseException:
    """Say in the words of sagas what went wrong with a message that surely did not leave."""
    match error:
        case telegram.TelegramRefusedError():
            return PermanentStepError(error.message)
        case telegram.TelegramBusyError() | CircuitOpenError():
            return StepPostponed(float(error.retry_after), error.message)
        case _:
            return error


@transaction.atomic
def _by_whatsapp(call: StepCall, booking: Booking, own: BookingSettings, text: str) -> JSON:
    contact, created = find_or_create_contact(
        phone=own.owner_phone, identities=[], name=booking.organization.name, source="agenda"
    )
    if created:
        # The business itself is nobody to sell to.
        Contact.objects.filter(pk=contact.pk).update(status=0)
    thread = thread_of(contact)
    if thread is None:
        return {"skipped": "no_number"}
    if created:
        Conversation.objects.filter(pk=thread.pk).update(handler=Handler.HUMAN)
    message = say(thread, text, call.idempotency_key)
    return {"by": "whatsapp", "message_id": str(message.pk)}
