"""Claims of official numbers keep within the people whom Meta lets their business write to in 24 hours."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from campaigns.sender import claims
from campaigns.sender.claims import Claimed, Wish
from conversations.models import Conversation
from core.clock import now
from gateways.models import Channel
from gateways.portfolios import room_of

SERVICE_WINDOW = timedelta(hours=24)


def claim_within_limit(channel: Channel, wish: Wish, token: UUID) -> tuple[list[Claimed], float]:
    """Claim as :func:`claims.claim` does, no more people than there is room for; both are committed together.

    Who wrote in the last 24 hours takes no room.
    """
    with room_of(channel) as room:
        if room.people == 0:
            return [], 0.0
        if room.people is not None:
            wish = replace(wish, count=min(wish.count, room.people))
        rows, delay = claims.claim(wish, token)
        if room.portfolio is not None and rows:
            written = _who_wrote(channel, [row.contact_id for row in rows])
            room.take(row.phone for row in rows if row.contact_id not in written)
        return rows, delay


def _who_wrote(channel: Channel, contact_ids: list[UUID]) -> set[UUID]:
    threads = Conversation.objects.filter(channel=channel, contact__in=contact_ids)
    recent = threads.filter(last_inbound_at__gt=now() - SERVICE_WINDOW)
    return set(recent.values_list("contact_id", flat=True))
