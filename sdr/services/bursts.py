"""What a customer's message sets off: an opt-out is honoured at once, anything else joins the burst that a turn will answer."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from bookings.services.replies import takes as agenda_takes
from conversations.events import CustomerReplied
from conversations.models import Conversation, Origin
from conversations.origin_question import origin_asked
from conversations.services.addresses import announce_answer
from conversations.services.handling import add_event
from conversations.services.send import send_message
from core.clock import now
from leads.services.contacts import opt_out
from sdr.contract import OptOut
from sdr.models import OPEN_STATES, QualificationStatus, ReplyTurn, SdrProfile, TurnState
from sdr.optout import opt_out_level
from sdr.policy import ANSWER_WITHIN
from sdr.services.profile_cache import read_profile
from sdr.services.qualifying import locked_conversation, qualification_of, stop_with

OPTED_OUT_REPLY = "Pronto, você não vai mais receber nossas mensagens. Se mudar de ideia, é só chamar."


def note_customer_message(event: CustomerReplied) -> None:
    """Start a turn for a new burst, or let the running one wait a little longer.

    What answers a reminder or picks an offered time is the agenda's, which answers it by itself.
    """
    if agenda_takes(event):
        abort_open_turn(event.conversation_id, "agenda")
        return
    conversation = Conversation.objects.select_related("contact", "channel").get(pk=event.conversation_id)
    profile = read_profile()
    if _handle_opt_out(conversation, event, profile):
        return
    if origin_asked(event.conversation_id, event.text):
        return  # answered by the campaigns, with facts
    at = now()
    if event.is_old or not profile.enabled or not conversation.bot_may_answer(at):
        return
    if datetime.fromisoformat(event.at) < at - ANSWER_WITHIN:
        # It came in time and lay about in our own house: the customer still waits, and a person has to know.
        locked = locked_conversation(conversation.pk)
        stop_with(qualification_of(locked), locked, QualificationStatus.HANDED_OFF, "answered_too_late")
        return
    # Shown during the quiet moment, so that the answer itself waits for nothing.
    announce_answer(conversation, typing=True)
    _join_turn(conversation, UUID(event.message_id), profile)


def _join_turn(conversation: Conversation, message_id: UUID, profile: SdrProfile) -> None:
    at = now()
    running = ReplyTurn.objects.select_for_update().filter(conversation=conversation, state__in=OPEN_STATES).first()
    if running is None:
        running = _begin_turn(conversation, message_id, profile, at)
    if running is not None:
        running.last_message_id = message_id
        running.wait_again(at, quiet_seconds=profile.quiet_seconds)
        running.save()


def _begin_turn(conversation: Conversation, message_id: UUID, profile: SdrProfile, at: datetime) -> ReplyTurn | None:
    """Begin a turn; return the one that another message of the burst began at the same moment, if any."""
    try:
        with transaction.atomic():
            ReplyTurn.objects.create(
                conversation=conversation, last_message_id=message_id,
                wake_at=at + timedelta(seconds=profile.quiet_seconds),
                deadline_at=at + timedelta(seconds=profile.max_wait_seconds),
            )  # fmt: skip
    except IntegrityError:
        running: ReplyTurn = ReplyTurn.objects.select_for_update().get(conversation=conversation, state__in=OPEN_STATES)
        return running
    return None


def _handle_opt_out(conversation: Conversation, event: CustomerReplied, profile: SdrProfile) -> bool:
    level = opt_out_level(event.text)
    if level is OptOut.NONE:
        return False
    abort_open_turn(conversation.pk, "opt_out")
    conversation = locked_conversation(conversation.pk)
    known = qualification_of(conversation)
    if level is OptOut.AMBIGUOUS:
        if conversation.bot_may_answer(now()):
            stop_with(known, conversation, QualificationStatus.HANDED_OFF, "opt_out_unclear")
        return True
    if opt_out(conversation.contact_id, reason=event.text[:300], at=now()):
        add_event(conversation, "opted_out")
        if not event.is_old:
            send_message(
                conversation, body=OPTED_OUT_REPLY, author=None, origin=Origin.BOT,
                client_key=f"optout:{conversation.contact_id}:{event.message_id}",
            )  # fmt: skip
    if known.row.status == QualificationStatus.COLLECTING:
        known.row.status = QualificationStatus.OPTED_OUT
        known.row.save()
    return True


def abort_open_turn(conversation_id: UUID | str, reason: str) -> None:
    """Drop the answer that is being prepared: a person or an opt-out was first."""
    ReplyTurn.objects.filter(conversation_id=conversation_id, state__in=OPEN_STATES).update(
        state=TurnState.ABORTED, outcome=reason, finished_at=now()
    )
