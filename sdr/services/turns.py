"""Reply turns: one answer per burst of messages, after a quiet moment, unless someone spoke first.

The turn is a row with a time to wake up. Its worker thinks outside any transaction and writes the answer in one, in which it
checks again that nothing came in between; the answer's ``client_key`` is the turn's id, so a killed worker's turn, done again,
still sends one message.
"""

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, connection, transaction

from accounts.models import Organization
from conversations.events import CustomerReplied
from conversations.models import Conversation, ConversationStatus, Direction, Handler, Message, Origin
from conversations.queries import history
from conversations.services.handling import add_event
from conversations.services.send import send_message
from core.clock import now
from core.jobs import job
from core.tenancy import across_organizations
from leads.services.contacts import opt_out
from sdr.contract import ChatMessage, ModelAnswerError, ModelUnavailableError, OptOut, Turn
from sdr.engine.local import LocalModel
from sdr.models import ModelCall, Qualification, QualificationStatus, ReplyTurn, SdrProfile, TurnState
from sdr.optout import opt_out_level
from sdr.scoring import Score
from sdr.services.profiles import business_profile, get_profile, model_of
from sdr.services.qualifying import (
    Known,
    is_complete,
    qualification_of,
    qualify,
    record_turn,
    stop_with,
)

logger = logging.getLogger(__name__)

OPEN = (TurnState.WAITING, TurnState.THINKING)
LEASE_SECONDS = 60
MAX_ATTEMPTS = 4
OPTED_OUT_REPLY = "Pronto, você não vai mais receber nossas mensagens. Se mudar de ideia, é só chamar."


def note_customer_message(event: CustomerReplied) -> None:
    """Start a turn for a new burst, or let the running one wait a little longer."""
    conversation = Conversation.objects.select_related("contact").get(pk=event.conversation_id)
    profile = get_profile()
    if _handle_opt_out(conversation, event, profile):
        return
    if event.is_old or not profile.enabled or not conversation.bot_may_answer(now()):
        return
    at = now()
    wake = at + timedelta(seconds=profile.quiet_seconds)
    running = ReplyTurn.objects.select_for_update().filter(conversation=conversation, state__in=OPEN).first()
    if running is None:
        try:
            with transaction.atomic():
                ReplyTurn.objects.create(
                    conversation=conversation, last_message_id=UUID(event.message_id), wake_at=wake,
                    deadline_at=at + timedelta(seconds=profile.max_wait_seconds),
                )  # fmt: skip
            return
        except IntegrityError:
            running = ReplyTurn.objects.select_for_update().get(conversation=conversation, state__in=OPEN)
    running.last_message_id = UUID(event.message_id)
    running.wake_at = min(wake, max(running.deadline_at, at))
    running.state, running.fence = TurnState.WAITING, running.fence + 1
    running.save()


def _handle_opt_out(conversation: Conversation, event: CustomerReplied, profile: SdrProfile) -> bool:
    level = opt_out_level(event.text)
    if level is OptOut.NONE:
        return False
    known = qualification_of(conversation)
    abort_open_turn(conversation.pk, "opt_out")
    if level is OptOut.AMBIGUOUS:
        if conversation.handler == Handler.BOT:
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
    ReplyTurn.objects.filter(conversation_id=conversation_id, state__in=OPEN).update(
        state=TurnState.ABORTED, outcome=reason, finished_at=now()
    )


@job("urgent")
def wake_turns() -> None:
    """Ring for the turns whose time has come, and for those whose worker was lost."""
    with across_organizations():
        due = ReplyTurn.objects.filter(state__in=OPEN, wake_at__lte=now()).exclude(lease_until__gt=now())
        for organization_id, pk in due.values_list("organization_id", "pk")[:500]:
            run_turn.enqueue(coalesce_key=str(pk), organization_id=str(organization_id), turn_id=str(pk))


@job("urgent", timeout_seconds=120)
def run_turn(*, organization_id: str, turn_id: str) -> None:
    """Think and answer one turn."""
    fence = _take(turn_id)
    if fence is None:
        return
    turn = ReplyTurn.objects.get(pk=turn_id)
    conversation = Conversation.objects.select_related("contact", "channel").get(pk=turn.conversation_id)
    profile = get_profile()
    lines = read_history(conversation)
    with transaction.atomic():
        known = qualification_of(conversation)
    thought = think(profile, lines, known, conversation)
    finish(turn_id, fence, conversation, profile, lines, thought)


def _take(turn_id: str) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE sdr_replyturn SET state = 'thinking', fence = fence + 1, attempts = attempts + 1, "
            "lease_until = clock_timestamp() + make_interval(secs => %s) "
            "WHERE id = %s AND state IN ('waiting', 'thinking') AND wake_at <= clock_timestamp() "
            "AND (lease_until IS NULL OR lease_until < clock_timestamp() OR state = 'waiting') RETURNING fence",
            [LEASE_SECONDS, turn_id],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else None


def read_history(conversation: Conversation) -> list[ChatMessage]:
    return [ChatMessage(line.message_id, line.author, line.text, line.at) for line in history(conversation.pk)]


def local_time(organization_id: UUID) -> datetime:
    zone = Organization.objects.values_list("timezone", flat=True).get(pk=organization_id)
    return now().astimezone(ZoneInfo(zone))


def think(profile: SdrProfile, lines: Sequence[ChatMessage], known: Known, conversation: Conversation) -> Turn:
    """Ask the model; when it cannot answer, the local engine does. Every call is written to the ledger."""
    business, at = business_profile(profile), local_time(profile.organization_id)
    started = time.monotonic()
    error = ""
    try:
        turn = model_of(profile).answer(business, lines, known.facts, at)
    except (ModelUnavailableError, ModelAnswerError) as failure:
        logger.warning("model failed", extra={"error": str(failure)})
        error = str(failure)[:300]
        turn = LocalModel().answer(business, lines, known.facts, at)
    ModelCall.objects.create(
        task="reply", provider=profile.provider, model=turn.usage.model, input_tokens=turn.usage.input_tokens,
        output_tokens=turn.usage.output_tokens, latency_ms=int((time.monotonic() - started) * 1000), error=error,
        conversation_ref=conversation.pk,
    )  # fmt: skip
    return turn


@transaction.atomic
def finish(
    turn_id: str,
    fence: int,
    conversation: Conversation,
    profile: SdrProfile,
    lines: Sequence[ChatMessage],
    thought: Turn,
) -> None:
    """Write the answer, unless the turn is no longer ours or someone spoke meanwhile."""
    turn = ReplyTurn.objects.select_for_update().filter(pk=turn_id, fence=fence, state=TurnState.THINKING).first()
    if turn is None:
        return
    locked = Conversation.objects.select_for_update(of=("self",)).select_related("contact").get(pk=conversation.pk)
    newest = (
        Message.objects.filter(conversation=locked, direction__in=[Direction.IN, Direction.OUT])
        .order_by("-at", "-pk")
        .first()
    )
    if locked.status == ConversationStatus.CLOSED or not locked.bot_may_answer(now()):
        _end(turn, TurnState.ABORTED, "person")
        return
    if newest is None or newest.direction != Direction.IN:
        _end(turn, TurnState.ABORTED, "already_answered")
        return
    known = qualification_of(locked)
    result = record_turn(known, locked, thought, lines, profile)
    reply_id = _speak(turn, known, locked, profile, thought, result)
    _end(turn, TurnState.ANSWERED, "", reply_id)


def _speak(
    turn: ReplyTurn, known: Known, conversation: Conversation, profile: SdrProfile, thought: Turn, result: Score
) -> UUID | None:
    row = known.row
    if thought.human_reason:
        stop_with(known, conversation, QualificationStatus.HANDED_OFF, thought.human_reason)
        return None
    if row.status == QualificationStatus.COLLECTING and is_complete(thought.facts):
        qualify(known, conversation, thought, result, profile)
        return row.closing_message_id  # type: ignore[no-any-return]
    if row.bot_messages >= profile.max_messages:
        stop_with(known, conversation, QualificationStatus.HANDED_OFF, "message_limit")
        return None
    if not thought.reply:
        return None
    message = send_message(
        conversation, body=thought.reply, author=None, origin=Origin.BOT, client_key=f"turn:{turn.pk}"
    )
    row.bot_messages += 1
    row.save(update_fields=["bot_messages"])
    return message.pk  # type: ignore[no-any-return]


def _end(turn: ReplyTurn, state: TurnState, outcome: str, reply_id: UUID | None = None) -> None:
    turn.state, turn.outcome, turn.reply_message_id, turn.finished_at = state, outcome, reply_id, now()
    turn.save()


@job("default")
def mark_abandoned() -> None:
    """Record the leads who stopped answering the SDR for a day."""
    limit = now() - timedelta(hours=24)
    with across_organizations():
        from_bot = Conversation.objects.filter(
            handler=Handler.BOT, last_message_direction=Direction.OUT, last_message_at__lt=limit
        )
        silent = list(from_bot.values_list("contact_id", flat=True)[:2000])
        Qualification.objects.filter(contact_id__in=silent, status=QualificationStatus.COLLECTING).update(
            status=QualificationStatus.ABANDONED
        )
