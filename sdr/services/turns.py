"""Reply turns: one answer per burst of messages, after a quiet moment, unless someone spoke first.

The turn is a row with a time to wake up. Its worker thinks outside any transaction and writes the answer in one, in which it
checks again that nothing came in between; the answer's ``client_key`` is the turn's id, so a killed worker's turn, done again,
still sends one message.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from accounts.models import Organization
from conversations.models import Conversation, ConversationStatus, Direction, Message, Origin
from conversations.queries import earlier, history, spoken
from conversations.services.send import send_message
from conversations.services.window import is_shut
from core.clock import local, now
from core.crashpoints import crashpoint
from core.jobs import job
from core.tenancy import across_organizations
from sdr.contract import ChatMessage, Turn
from sdr.models import OPEN_STATES, QualificationStatus, ReplyTurn, SdrProfile, TurnState
from sdr.policy import ANSWER_WITHIN
from sdr.scoring import Score
from sdr.services.agents import next_own_question, note_own_answer
from sdr.services.asking import ask_turn
from sdr.services.citing import sources_of
from sdr.services.closed_hours import away_lines, can_wait, opening_of, put_off
from sdr.services.offering import Times, offer_times, times_to_offer
from sdr.services.profile_cache import read_profile
from sdr.services.profiles import business_profile
from sdr.services.qualifying import (
    Known,
    end_incomplete,
    give_prompt,
    is_complete,
    locked_conversation,
    qualification_of,
    qualify,
    record_turn,
    resume,
    stop_with,
)

logger = logging.getLogger(__name__)

LEASE_SECONDS = 60
MAX_ATTEMPTS = 4


@job("urgent")
def wake_turns() -> None:
    """Ring for the turns whose time has come, and for those whose worker was lost."""
    with across_organizations():
        due = ReplyTurn.objects.filter(state__in=OPEN_STATES, wake_at__lte=now()).exclude(lease_until__gt=now())
        for organization_id, pk in due.values_list("organization_id", "pk")[:500]:
            run_turn.enqueue(coalesce_key=str(pk), organization_id=str(organization_id), turn_id=str(pk))


@job("urgent", timeout_seconds=120)
def run_turn(*, organization_id: str, turn_id: str) -> None:
    """Think and answer one turn."""
    fence = _take(turn_id)
    if fence is None:
        return
    crashpoint("turn.taken")
    turn = ReplyTurn.objects.get(pk=turn_id)
    if turn.attempts > MAX_ATTEMPTS:
        give_up(turn_id, fence)
        return
    conversation = Conversation.objects.select_related("contact", "channel").get(pk=turn.conversation_id)
    profile = read_profile()
    lines = read_history(conversation)
    with transaction.atomic():
        known = qualification_of(conversation)
        give_prompt(known, conversation)
    opening = opening_of(known.row.agent, now(), zone_of(profile.organization_id))
    if opening is not None and can_wait(lines):
        wait_for_opening(turn_id, fence, profile, lines, opening)
        return
    try:
        # Whoever was lost while thinking may have been lost to the provider: the second try stays in the house.
        thought = think(profile, lines, known, conversation, locally=turn.attempts > 1)
    except Exception:
        logger.exception("the SDR could not think", extra={"turn": turn_id})
        give_up(turn_id, fence)
        return
    crashpoint("turn.thought")
    finish(turn_id, fence, conversation, profile, lines, thought)
    crashpoint("turn.finished")


@transaction.atomic
def wait_for_opening(
    turn_id: str, fence: int, profile: SdrProfile, lines: Sequence[ChatMessage], opening: datetime
) -> None:
    """Leave the answer for when the lead's agent begins to work, unless somebody else spoke meanwhile."""
    turn = _still_ours(turn_id, fence)
    if turn is None:
        return
    locked = locked_conversation(turn.conversation_id)
    if reason := _silenced(turn, locked) or _answered(_newest(locked)):
        _end(turn, TurnState.ABORTED, reason)
        return
    put_off(turn, qualification_of(locked), locked, profile, opening)


@transaction.atomic
def give_up(turn_id: str, fence: int) -> None:
    """Hand a conversation that cannot be answered to a person: silence is the one thing a customer must not get."""
    turn = _still_ours(turn_id, fence)
    if turn is None:
        return
    conversation = locked_conversation(turn.conversation_id)
    if conversation.bot_may_answer(now()):
        stop_with(qualification_of(conversation), conversation, QualificationStatus.HANDED_OFF, "model_down")
    _end(turn, TurnState.FAILED, "model_down")


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
    """Return what was said, without words that only told of the hours; what reached us after our last word comes after it."""
    away = {str(pk) for pk in away_lines(conversation.pk)}
    lines = [line for line in history(conversation.pk) if line.message_id not in away]
    late = {str(pk) for pk in _overtaken(conversation.pk).values_list("pk", flat=True)}
    heard = sorted(lines, key=lambda line: line.message_id in late)
    return [ChatMessage(line.message_id, line.author, line.text, line.at) for line in heard]


def _overtaken(conversation_id: UUID) -> "QuerySet[Message]":
    """Return the customer's words that our last word overtook: said before it, by the provider's clock, and received after it."""
    said = spoken(conversation_id).exclude(pk__in=away_lines(conversation_id))
    last = said.filter(direction=Direction.OUT).order_by("-created_at", "-pk").first()
    if last is None:
        return Message.objects.none()
    return said.filter(direction=Direction.IN, created_at__gt=last.created_at, at__gt=now() - ANSWER_WITHIN)


def read_earlier(conversation: Conversation) -> tuple[ChatMessage, ...]:
    """Return the end of what was said in older conversations with the same person."""
    return tuple(ChatMessage(line.message_id, line.author, line.text, line.at) for line in earlier(conversation))


def local_time(organization_id: UUID) -> datetime:
    return local(now(), zone_of(organization_id))


def zone_of(organization_id: UUID) -> str:
    return str(Organization.objects.values_list("timezone", flat=True).get(pk=organization_id))


def think(
    profile: SdrProfile,
    lines: Sequence[ChatMessage],
    known: Known,
    conversation: Conversation,
    *,
    locally: bool = False,
) -> Turn:
    """Ask for the next thing to say; see :func:`sdr.services.asking.ask_turn`."""
    at = local_time(profile.organization_id)
    business = business_profile(profile, known.row.prompt, known.row.agent)
    return ask_turn(
        profile,
        replace(business, earlier=read_earlier(conversation)),
        lines,
        known.facts,
        at,
        conversation_id=conversation.pk,
        locally=locally,
    )


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
    turn = _still_ours(turn_id, fence)
    if turn is None:
        return
    locked = locked_conversation(conversation.pk)
    if _is_overtaken(turn, locked, profile, lines):
        return
    known = qualification_of(locked)
    resume(known)
    times = times_to_offer(thought, lines)
    if times is not None:
        thought = replace(thought, unanswered="")
    result = record_turn(known, locked, thought, lines, profile)
    note_own_answer(known.row, lines)
    reply_id = _speak(turn, known, locked, profile, thought, result, times)
    turn.sources = sources_of(thought)
    _end(turn, TurnState.ANSWERED, "", reply_id)
    crashpoint("turn.finishing")


def _is_overtaken(
    turn: ReplyTurn, conversation: Conversation, profile: SdrProfile, lines: Sequence[ChatMessage]
) -> bool:
    """End or put off a turn whose answer nobody needs any more, and say so."""
    newest = _newest(conversation)
    if reason := _silenced(turn, conversation) or _answered(newest):
        _end(turn, TurnState.ABORTED, reason)
        return True
    assert newest is not None
    if str(newest.pk) not in {line.id for line in lines}:
        # The customer wrote while we thought: the answer is dropped and the burst goes on to its deadline.
        turn.wait_again(now(), quiet_seconds=profile.quiet_seconds)
        turn.save()
        return True
    if is_late := _is_late(turn, newest, conversation):
        stop_with(qualification_of(conversation), conversation, QualificationStatus.HANDED_OFF, "answered_too_late")
        _end(turn, TurnState.ABORTED, "answered_too_late")
    return is_late


def _is_late(turn: ReplyTurn, newest: Message, conversation: Conversation) -> bool:
    """Tell whether an automatic answer is worse than none by now; what lay until the agent's hours began was told so."""
    if turn.opened_at is None:
        return newest.at < now() - ANSWER_WITHIN
    return max(newest.at, turn.opened_at) < now() - ANSWER_WITHIN or is_shut(conversation)


def _answered(newest: Message | None) -> str:
    return "" if newest and newest.direction == Direction.IN else "already_answered"


def _still_ours(turn_id: str, fence: int) -> ReplyTurn | None:
    found: ReplyTurn | None = (
        ReplyTurn.objects.select_for_update().filter(pk=turn_id, fence=fence, state=TurnState.THINKING).first()
    )
    return found


def _silenced(turn: ReplyTurn, conversation: Conversation) -> str:
    """Return why the SDR must not speak now, or an empty text: a person took the conversation, or was given it."""
    if conversation.status == ConversationStatus.CLOSED:
        return "closed"
    if not conversation.bot_may_answer(now()):
        return "person"
    if conversation.assigned_to_id is None:
        return ""
    # Being assigned leaves the handler as it was; whoever was put in charge meanwhile must not find the bot talking.
    assigned = Message.objects.filter(
        conversation=conversation, direction=Direction.EVENT, data__code="assigned", at__gte=turn.created_at
    )
    return "person" if assigned.exclude(author=None).exists() else ""


def _newest(conversation: Conversation) -> Message | None:
    said = spoken(conversation.pk).exclude(pk__in=away_lines(conversation.pk))
    newest: Message | None = (
        _overtaken(conversation.pk).order_by("-at", "-pk").first() or said.order_by("-at", "-pk").first()
    )
    return newest


def _speak(
    turn: ReplyTurn, known: Known, conversation: Conversation, profile: SdrProfile, thought: Turn, result: Score,
    times: Times | None,
) -> UUID | None:  # fmt: skip
    row = known.row
    if thought.human_reason:
        stop_with(known, conversation, QualificationStatus.HANDED_OFF, thought.human_reason)
        return None
    # The last message that a lead may get is the closing one.
    last = row.bot_messages >= profile.max_messages - (row.closing_message_id is None)
    complete = row.status == QualificationStatus.COLLECTING and is_complete(thought.facts)
    own = next_own_question(row) if complete and not last else ""
    if complete and not own:
        qualify(known, conversation, thought, result, profile)
        if times is not None:
            offer_times(times, conversation, turn)
        return row.closing_message_id  # type: ignore[no-any-return]
    if times is not None and not last and not own and (offered := offer_times(times, conversation, turn)):
        row.bot_messages += 1
        row.save(update_fields=["bot_messages"])
        return offered
    if last or not (own or thought.reply):
        reason = "message_limit" if last else "questions_exhausted"
        end_incomplete(known, conversation, thought, result, profile, reason)
        return row.closing_message_id  # type: ignore[no-any-return]
    message = send_message(
        conversation, body=own or thought.reply, author=None, origin=Origin.BOT, client_key=f"turn:{turn.pk}"
    )
    row.bot_messages += 1
    row.save(update_fields=["bot_messages"])
    return message.pk  # type: ignore[no-any-return]


def _end(turn: ReplyTurn, state: TurnState, outcome: str, reply_id: UUID | None = None) -> None:
    turn.state, turn.outcome, turn.reply_message_id, turn.finished_at = state, outcome, reply_id, now()
    turn.save()
