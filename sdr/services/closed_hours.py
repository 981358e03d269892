"""Outside an agent's hours: an honest word about when it answers, or silence, and the answer itself when it opens."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.utils import timezone, translation

from bookings.days_off import days_off_in, rests_of
from conversations.models import Conversation, Message, Origin
from conversations.services.addresses import announce_answer
from conversations.services.send import send_message
from core.clock import SendingHours, local, next_allowed
from core.moments import spoken
from sdr.contract import ChatMessage
from sdr.engine.reading import last_burst
from sdr.engine.signals import read_signals
from sdr.models import Agent, Closed, ReplyTurn, SdrProfile
from sdr.services.qualifying import Known

AWAY = "Oi! Recebi sua mensagem. Agora estamos fora do horário; respondo {abertura}."
KEY = "away:"


def opening_of(agent: Agent | None, at: datetime, zone: str) -> datetime | None:
    """Return when the lead's agent begins to work, as the clocks of the zone show it; None while it works."""
    if agent is None or not agent.working_hours:
        return None
    hours: SendingHours = agent.working_hours
    opens = next_allowed(at, hours, zone, rests_of(hours, days_off_in([hours])))
    return None if opens == at else local(opens, zone)


def can_wait(lines: Sequence[ChatMessage]) -> bool:
    """Tell whether the newest words may lie until morning; anger, an emergency and the wish for a person may not."""
    return not read_signals([message.text for message in last_burst(lines)]).human_reason


def put_off(turn: ReplyTurn, known: Known, conversation: Conversation, profile: SdrProfile, opening: datetime) -> None:
    """Let a turn, which the caller holds, wait for the opening; say so once each time that it is closed, if the agent does."""
    agent, row = known.row.agent, known.row
    # The last message that a lead may get is the closing one.
    if agent and agent.closed == Closed.MESSAGE and row.bot_messages < profile.max_messages - 1:
        key = f"{KEY}{conversation.pk}:{opening:%Y%m%d%H%M}"
        if not Message.objects.filter(client_key=key).exists():
            send_message(conversation, body=away_words(agent, opening), author=None, origin=Origin.BOT, client_key=key)
            row.bot_messages += 1
            row.save(update_fields=["bot_messages"])
    else:
        announce_answer(conversation, typing=False)
    turn.wait_until(opening)
    turn.save()


def away_words(agent: Agent, opening: datetime) -> str:
    """Return what is said outside the hours; ``{abertura}`` is the moment of the opening, in words."""
    with translation.override("pt-br"), timezone.override(opening.tzinfo):
        when = spoken(opening)
    return (agent.away_text or AWAY).replace("{abertura}", when)


def away_lines(conversation_id: UUID | str) -> set[UUID]:
    """Return the messages that only told of the hours: they answer nothing, the burst before them is still open."""
    return set(
        Message.objects.filter(conversation_id=conversation_id, client_key__startswith=KEY).values_list("pk", flat=True)
    )
