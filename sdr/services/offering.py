"""Free times of the agenda, offered when a customer asks for one and it is clear of what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.models import Organization
from bookings.availability import moment
from bookings.days import read_day
from bookings.models import Service
from bookings.services.chat import choose_slots, offer_slots, service_meant
from conversations.models import Conversation
from core.clock import local, now
from core.tenancy import current_organization_id
from sdr.contract import ChatMessage, Intent, Turn
from sdr.models import ReplyTurn


@dataclass(frozen=True)
class Times:
    """What is to be offered, from which moment on."""

    service: Service
    after: datetime


def times_to_offer(thought: Turn, lines: Sequence[ChatMessage]) -> Times | None:
    """Return what the customer may be offered now; None where nothing was asked for, nothing is clear or all is taken."""
    if thought.intent is not Intent.BOOKING or thought.human_reason:
        return None
    interest = thought.facts.get("interest")
    asked = _newest_burst(lines)
    service = service_meant(interest.value if interest else "") or service_meant(asked)
    if service is None:
        return None
    times = Times(service, _from(asked))
    return times if choose_slots(service, after=times.after) else None


def _newest_burst(lines: Sequence[ChatMessage]) -> str:
    """Return what the customer has written since anybody else spoke."""
    own: list[str] = []
    for line in reversed(lines):
        if line.author != "customer":
            break
        own.append(line.text)
    return "\n".join(reversed(own))


def _from(asked: str) -> datetime:
    here = Organization.objects.values_list("timezone", flat=True).get(pk=current_organization_id())
    today = local(now(), here).date()
    day = read_day(asked, today)
    return max(now(), moment(day, 0, here)) if day else now()


def offer_times(times: Times, conversation: Conversation, turn: ReplyTurn) -> UUID | None:
    """Write the free times into the chat, once per turn; what the customer picks there is booked by the agenda."""
    offer = offer_slots(conversation, times.service, after=times.after, key=f"turn:{turn.pk}:times")
    return offer.message_ref if offer else None
