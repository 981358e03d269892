"""Which messages of a number are here already: what its provider's history is compared with."""

from collections.abc import Collection
from uuid import UUID

from conversations.models import Message
from gateways.pool.backfill import known_messages


@known_messages
def stored_messages(channel_id: UUID, external_ids: Collection[str]) -> set[str]:
    """Return those of the ids that are stored."""
    rows = Message.objects.filter(channel_id=channel_id, external_id__in=list(external_ids))
    return set(rows.values_list("external_id", flat=True))
